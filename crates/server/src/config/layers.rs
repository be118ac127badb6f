//! Laying settings over each other, and saying which layer is to blame when one is wrong.

use std::collections::BTreeSet;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use toml::{Table, Value};

use super::{Flag, Loaded, Settings, Sources};

const DEFAULTS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config.default.toml"));
const PREFIX: &str = "LEADPOST_";

/// The layers so far, flattened.
pub(super) struct Layers {
    /// What holds. It has every known key from the start, with a value of the right kind.
    table: Table,
    sources: Sources,
}

impl Default for Layers {
    fn default() -> Self {
        let table = DEFAULTS.parse().expect("config.default.toml is TOML: a test parses it");
        Self { table, sources: Sources::default() }
    }
}

impl Layers {
    /// Lays a file over what there is. `name` is for people.
    pub(super) fn add_file(&mut self, name: &str, text: &str) -> anyhow::Result<()> {
        let file: Table = text.parse().with_context(|| format!("{name} is not TOML"))?;
        for (section, keys) in file {
            let Value::Table(keys) = keys else {
                bail!(
                    "{name}: {section} stands outside of a section; settings look like [server] and listen = …"
                );
            };
            for (key, value) in keys {
                self.set(&section, &key, |_| Ok(value)).with_context(|| format!("{name} is wrong"))?;
            }
        }
        self.validate().with_context(|| format!("{name} is wrong"))?;
        self.sources.file = Some(name.to_owned());
        Ok(())
    }

    /// Lays the variables `LEADPOST_<SECTION>__<KEY>` over what there is; others are not looked at.
    pub(super) fn add_environment(
        &mut self,
        variables: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<()> {
        let mut names = BTreeSet::new();
        for (name, value) in variables {
            let Some((section, key)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__"))
            else {
                continue;
            };
            self.set(&section.to_lowercase(), &key.to_lowercase(), |known| from_text(known, &value))
                .and_then(|()| self.validate())
                .with_context(|| format!("the environment variable {name} is wrong"))?;
            names.insert(name);
        }
        self.sources.variables.extend(names);
        Ok(())
    }

    /// Lays the flags that were given over what there is.
    pub(super) fn add_flags(&mut self, flags: &[Flag<'_>]) -> anyhow::Result<()> {
        for (path, value) in flags {
            let Some(value) = value else { continue };
            let (section, key) =
                path.split_once('.').ok_or_else(|| anyhow!("{path} is no path of a setting"))?;
            self.set(section, key, |known| from_text(known, value))
                .and_then(|()| self.validate())
                .with_context(|| format!("the flag for {path} is wrong"))?;
            self.sources.flags.push(path);
        }
        Ok(())
    }

    /// The settings that hold.
    pub(super) fn finish(self) -> anyhow::Result<Loaded> {
        let settings = Settings::deserialize(self.table).context("config.default.toml is wrong")?;
        Ok(Loaded { settings, sources: self.sources })
    }

    /// Replaces one value; `make` gets the one there is, to know its kind.
    fn set(
        &mut self,
        section: &str,
        key: &str,
        make: impl FnOnce(&Value) -> anyhow::Result<Value>,
    ) -> anyhow::Result<()> {
        let sections = known(&self.table);
        let Some(Value::Table(keys)) = self.table.get_mut(section) else {
            bail!("there is no section {section}; there are: {sections}");
        };
        let there_are = known(keys);
        let Some(value) = keys.get_mut(key) else {
            bail!("there is no setting {section}.{key}; [{section}] has: {there_are}");
        };
        *value = make(value).with_context(|| format!("{section}.{key}"))?;
        Ok(())
    }

    /// Tries whether all values are of the right kind and form, so that the layer just added can be blamed.
    fn validate(&self) -> anyhow::Result<()> {
        Settings::deserialize(self.table.clone())
            .map(drop)
            .map_err(|error| anyhow!(one_line(&error.to_string())))
    }
}

fn known(table: &Table) -> String {
    table.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// toml puts the key on a line of its own.
fn one_line(message: &str) -> String {
    message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A value from plain text, of the kind that the known one has.
fn from_text(known: &Value, text: &str) -> anyhow::Result<Value> {
    Ok(match known {
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| anyhow!("must be true or false"))?),
        Value::Integer(_) => Value::Integer(text.parse().map_err(|_| anyhow!("must be a whole number"))?),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(list_item).collect())
        }
        _ => Value::String(text.to_owned()),
    })
}

/// Lists hold either texts or numbers. No network, host or name consists of digits alone, so the item tells.
fn list_item(text: &str) -> Value {
    text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Integer)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn layered(file: &str, environment: Variables<'_>, flags: &[Flag<'_>]) -> Result<Loaded, String> {
        let mut layers = Layers::default();
        let variables = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        layers
            .add_file("mine.toml", file)
            .and_then(|()| layers.add_environment(variables))
            .and_then(|()| layers.add_flags(flags))
            .and_then(|()| layers.finish())
            .map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn the_default_file_is_complete_and_readable() {
        let settings = layered("", &[], &[]).unwrap().settings;
        assert_eq!(settings.server.listen, "127.0.0.1:8080");
        assert_eq!(settings.store.url.to_string(), "sqlite:leadpost-data/leadpost.db");
        assert_eq!(settings.delivery.tick(), Duration::from_millis(500));
        assert_eq!(settings.server.public_url, None);
        assert!(!settings.egress.allow_http && settings.egress.allow_hosts.is_empty());
    }

    #[test]
    fn flags_win_over_the_environment_which_wins_over_the_file() {
        let file = "[server]\nlisten = \"a:1\"\n[log]\nformat = \"json\"\n[delivery]\ntick_ms = 7";
        let environment = [("LEADPOST_SERVER__LISTEN", "b:2"), ("LEADPOST_DELIVERY__TICK_MS", "8")];
        let loaded =
            layered(file, &environment, &[("server.listen", Some("c:3")), ("store.url", None)]).unwrap();
        assert_eq!(loaded.settings.server.listen, "c:3");
        assert_eq!(loaded.settings.delivery.tick(), Duration::from_millis(8));
        assert_eq!(loaded.settings.log.format, super::super::LogFormat::Json);
        let variables = ["LEADPOST_DELIVERY__TICK_MS", "LEADPOST_SERVER__LISTEN"].map(str::to_owned).into();
        let expected = Sources { file: Some("mine.toml".into()), variables, flags: vec!["server.listen"] };
        assert_eq!(loaded.sources, expected);
    }

    #[test]
    fn unknown_keys_are_refused_and_named() {
        let error = layered("[server]\nlistn = \"a\"", &[], &[]).unwrap_err();
        assert!(
            error.starts_with("mine.toml is wrong: there is no setting server.listn; [server] has: listen,"),
            "{error}"
        );
        let error = layered("[sever]\nlisten = \"a\"", &[], &[]).unwrap_err();
        assert!(error.contains("no section sever"), "{error}");
        let error = layered("listen = \"a\"", &[], &[]).unwrap_err();
        assert!(error.contains("listen stands outside of a section"), "{error}");
        let error = layered("", &[("LEADPOST_EGRESS__ALLOW_HTPS", "true")], &[]).unwrap_err();
        assert!(
            error.contains("LEADPOST_EGRESS__ALLOW_HTPS") && error.contains("egress.allow_htps"),
            "{error}"
        );
    }

    #[test]
    fn only_the_pattern_is_read_from_the_environment() {
        let environment = [
            ("LEADPOST_LISTEN", "x"),
            ("SERVER__LISTEN", "y"),
            ("RUST_LOG", "trace"),
            ("leadpost_a__b", "z"),
        ];
        assert!(layered("", &environment, &[]).unwrap().sources.variables.is_empty());
    }

    #[test]
    fn lists_come_from_the_environment_with_commas() {
        let environment = [
            ("LEADPOST_EGRESS__ALLOW_HOSTS", "127.0.0.1:9000, crm.internal ,"),
            ("LEADPOST_EGRESS__ALLOW_PORTS", "8443,9443"),
            ("LEADPOST_EGRESS__ALLOW_NETWORKS", "10.0.0.0/8,fd00::/8"),
        ];
        let policy = layered("", &environment, &[]).unwrap().settings.egress_policy(Vec::new());
        assert_eq!(
            policy.allow_hosts.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["127.0.0.1:9000", "crm.internal"]
        );
        assert_eq!(policy.allow_ports, [8443, 9443]);
        assert_eq!(policy.allow_networks.len(), 2);
        let emptied =
            layered("[egress]\nallow_ports = [1]", &[("LEADPOST_EGRESS__ALLOW_PORTS", "")], &[]).unwrap();
        assert!(emptied.settings.egress.allow_ports.is_empty());
    }

    #[test]
    fn a_wrong_value_names_its_key_and_its_layer() {
        for (file, environment, flags, expected) in [
            ("[server]\nlisten = 8080", &[][..], &[][..], vec!["mine.toml", "listen", "string"]),
            (
                "",
                &[("LEADPOST_DELIVERY__TICK_MS", "soon")],
                &[],
                vec!["LEADPOST_DELIVERY__TICK_MS", "whole number"],
            ),
            (
                "",
                &[("LEADPOST_EGRESS__ALLOW_PORTS", "70000")],
                &[],
                vec!["LEADPOST_EGRESS__ALLOW_PORTS", "70000"],
            ),
            (
                "",
                &[("LEADPOST_EGRESS__ALLOW_HOSTS", "*.a.b")],
                &[],
                vec!["LEADPOST_EGRESS__ALLOW_HOSTS", "pattern"],
            ),
            ("", &[], &[("store.url", Some("mysql://x"))], vec!["store.url"]),
            (
                "",
                &[("LEADPOST_SERVER__PUBLIC_URL", "leads.example.com")],
                &[],
                vec!["PUBLIC_URL", "https://"],
            ),
        ] {
            let error = layered(file, environment, flags).unwrap_err();
            assert!(expected.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}
