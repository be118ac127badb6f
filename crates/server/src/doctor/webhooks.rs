//! What is said of webhooks: which are held or were disabled by their receivers, what waits for long, and what was
//! given up. `app::troubles` finds it; here it gets its words, and what to do.

use std::cmp::Reverse;

use app::troubles::{MOST, Trouble, Troubles, What};
use app::{AppError, Db, accounts, troubles};
use domain::{Account, Actor, DisableReason, Outcome, hold, why};

use super::Finding;
use crate::columns::to_the_second;

/// So many are named; of the others it is said how many they are.
const NAMED: usize = 10;

/// The webhooks of all accounts.
pub async fn look(db: &Db) -> Vec<Finding> {
    let looked = db.read(|tx| {
        let mut all = Vec::new();
        for account in accounts::all(tx)? {
            let troubles = troubles::read(tx, &Actor::Console { account: account.id })?;
            all.push((account, troubles));
        }
        Ok::<_, AppError>(all)
    });
    match looked.await {
        Ok(all) => tell(&all),
        Err(error) => vec![Finding::fail("webhooks", error.to_string())],
    }
}

fn tell(all: &[(Account, Troubles)]) -> Vec<Finding> {
    let mut found: Vec<(&Account, &Trouble)> = all
        .iter()
        .flat_map(|(account, troubles)| troubles.found.iter().map(move |it| (account, it)))
        .collect();
    if found.is_empty() {
        let webhooks: usize = all.iter().map(|(_, troubles)| troubles.webhooks).sum();
        let text = match webhooks {
            0 => "none yet".to_owned(),
            _ => format!("{webhooks}, none held, nothing waits for long, nothing given up lately"),
        };
        return vec![Finding::ok("webhooks", text)];
    }
    found.sort_by_key(|(_, it)| (rank(&it.what), Reverse(it.pending)));
    let several = all.len() > 1;
    let named = found.iter().take(NAMED).map(|(account, it)| {
        let of = if several { format!(" of {:?}", account.name) } else { String::new() };
        Finding::warn("webhooks", format!("{:?} ({}){of} {}", it.name, it.webhook, words(it)))
    });
    let mut findings: Vec<Finding> = named.collect();
    if found.len() > NAMED {
        let text = format!("and {} more; the dashboard's page Webhooks shows all", found.len() - NAMED);
        findings.push(Finding::warn("webhooks", text));
    }
    findings
}

/// What keeps most from arriving comes first.
const fn rank(what: &What) -> u8 {
    match what {
        What::Held { .. } => 0,
        What::Disabled(_) => 1,
        What::Late(_) => 2,
        What::Failing { .. } => 3,
        What::Paused(_) => 4,
        What::GivenUp(_) => 5,
    }
}

/// What it is and what to do; continues the webhook's name.
fn words(trouble: &Trouble) -> String {
    let (waiting, since) = (waiting(trouble.pending), to_the_second(trouble.since));
    match &trouble.what {
        What::Held { probe_at, last } => format!(
            "is held since {since}, as its receiver failed {} times in a row; {waiting}{}.{} The first probe that gets \
             through lets them go; so does POST /api/v1/webhooks/{}/resume. At {} the webhook is disabled",
            hold::HELD_AFTER,
            probe_at.map_or_else(String::new, |at| format!(", next probe {}", to_the_second(at))),
            last_attempt(last.as_ref()),
            trouble.webhook,
            to_the_second(trouble.since + hold::DISABLED_AFTER),
        ),
        What::Disabled(reason) => {
            let why = match reason {
                DisableReason::Gone => "its receiver answered 410 Gone",
                DisableReason::HeldTooLong => "it had been held for 5 days",
                DisableReason::ByHand => "somebody said so",
            };
            format!(
                "is disabled since {since}, as {why}; what comes is skipped. When the receiver is there, resume it \
                 (POST /api/v1/webhooks/{}/resume), then send what was skipped again (POST /api/v1/recoveries)",
                trouble.webhook
            )
        }
        What::Late(due) => format!(
            "is late: {waiting}, the first is due since {} and not sent. Does `leadpost serve` run on this store? If so, \
             more comes than the receiver or the webhook's limits take",
            to_the_second(*due)
        ),
        What::Failing { since, last } => format!(
            "does not get everything through: {waiting}, the first since {}, tried again by the schedule.{}",
            to_the_second(*since),
            last_attempt(last.as_ref())
        ),
        What::Paused(first) => format!(
            "is paused since {since}; {waiting}, the first since {}, until somebody resumes it (POST \
             /api/v1/webhooks/{}/resume)",
            to_the_second(*first),
            trouble.webhook
        ),
        What::GivenUp(number) => format!(
            "gave up {} planned in the last 7 days; POST /api/v1/recoveries sends them again, and so does Recover on its \
             page",
            counted(*number)
        ),
    }
}

fn waiting(pending: u64) -> String {
    match pending {
        0 => "nothing waits".to_owned(),
        1 => "1 delivery waits".to_owned(),
        many => format!("{} wait", counted(many)),
    }
}

fn counted(number: u64) -> String {
    match number {
        1 => "1 delivery".to_owned(),
        few if few < MOST.into() => format!("{few} deliveries"),
        many => format!("{many} deliveries or more"),
    }
}

/// The last failure in words behind a blank.
fn last_attempt(last: Option<&Outcome>) -> String {
    last.map_or_else(String::new, |outcome| format!(" Last failed attempt: {}", why::explain(outcome)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{AttemptError, ErrorClass, Id, Phases, Timestamp};

    use super::*;
    use crate::doctor::Grade;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn account(name: &str) -> Account {
        let created_at = at("2026-03-04T10:00:00Z");
        Account { id: Id::from_parts(1, &[1; 10]), name: name.into(), time_zone: "UTC".into(), created_at }
    }

    fn trouble(name: &str, pending: u64, what: What) -> Trouble {
        let since = at("2026-03-04T10:15:30.123456Z");
        Trouble { webhook: Id::from_parts(1, &[2; 10]), name: name.into(), since, pending, what }
    }

    fn told(all: Vec<(Account, Vec<Trouble>)>) -> Vec<String> {
        let all: Vec<_> =
            all.into_iter().map(|(it, found)| (it, Troubles { webhooks: found.len(), found })).collect();
        tell(&all).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_held_webhook_is_told_with_since_when_and_why_and_what_to_do() {
        let error =
            AttemptError { class: ErrorClass::ConnectError, detail: "the connection was refused".into() };
        let last = Outcome {
            at: at("2026-03-04T10:15:30Z"),
            address: None,
            phases: Phases::default(),
            result: Err(error),
        };
        let what = What::Held { probe_at: Some(at("2026-03-04T10:20:00.5Z")), last: Some(last) };
        let id = trouble("", 0, What::GivenUp(1)).webhook;
        assert_eq!(
            told(vec![(account("Acme"), vec![trouble("CRM", 12, what)])]),
            [format!(
                "WARN  webhooks  \"CRM\" ({id}) is held since 2026-03-04T10:15:30Z, as its receiver failed 10 times in a \
                 row; 12 deliveries wait, next probe 2026-03-04T10:20:00Z. Last failed attempt: No connection could be \
                 opened: the connection was refused. The first probe that gets through lets them go; so does POST \
                 /api/v1/webhooks/{id}/resume. At 2026-03-09T10:15:30Z the webhook is disabled"
            )]
        );
    }

    #[test]
    fn ten_are_named_the_worst_first_and_the_others_counted() {
        let held = || What::Held { probe_at: None, last: None };
        let mut found: Vec<_> = (0..11).map(|n| trouble(&format!("W{n}"), n, What::GivenUp(1_000))).collect();
        found.push(trouble("the held one", 0, held()));
        let lines =
            told(vec![(account("Acme"), found), (account("Globex"), vec![trouble("their own", 1, held())])]);
        assert_eq!(lines.len(), 11);
        assert!(lines[0].contains("\"their own\"") && lines[0].contains("of \"Globex\""), "{}", lines[0]);
        assert!(lines[1].contains("\"the held one\"") && lines[1].contains("nothing waits."), "{}", lines[1]);
        assert!(lines[2].contains("\"W10\"") && lines[2].contains("1000 deliveries or more"), "{}", lines[2]);
        assert!(lines[10].contains("and 3 more"), "{}", lines[10]);
    }

    #[test]
    fn names_are_shown_as_text_and_cannot_turn_a_line_around() {
        let lines = told(vec![(account("Acme"), vec![trouble("b\u{202e}ücher 本", 1, What::GivenUp(1))])]);
        assert!(lines[0].contains(r#""b\u{202e}ücher 本""#), "{}", lines[0]);
    }

    #[test]
    fn whatever_it_is_somebody_should_know_it_and_nothing_fails() {
        let at = at("2026-03-04T10:15:30Z");
        for what in [
            What::Disabled(DisableReason::Gone),
            What::Disabled(DisableReason::HeldTooLong),
            What::Late(at),
            What::Paused(at),
            What::Failing { since: at + Duration::from_secs(1), last: None },
        ] {
            let all = [(account("Acme"), Troubles { webhooks: 1, found: vec![trouble("CRM", 1, what)] })];
            let [finding] = tell(&all).try_into().ok().expect("one line");
            assert!(finding.grade == Grade::Warn && finding.text.contains("2026-03-04T10:15:3"), "{finding}");
        }
        assert_eq!(told(vec![]), ["ok    webhooks  none yet"]);
    }
}
