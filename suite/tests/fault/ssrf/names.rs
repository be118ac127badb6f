//! What names lead to: every answer that a DNS can give, good, mixed, odd or none.

use serde_json::{Value, json};

use crate::{
    dns::{self, Record, Reply},
    honeypot::{Honeypot, PUBLIC, within},
    ssrf::{Stage, check_arrived, check_blocked, check_dns_error, public},
};

const NAME: &str = "hooks.example.com";
const NETWORKS: &str = "egress.allow_networks";

#[test]
fn d1_a_name_with_public_addresses_is_called_at_one_of_them() {
    within(async |pot| {
        let (mut stage, webhook) = waiting(pot).await;
        stage.pot.dns.point(NAME, &[PUBLIC[0]]);
        let (delivery, attempt) = stage.deliver().await;
        assert_eq!(delivery["state"], "delivered", "{delivery}");
        check_arrived(&attempt, &public(8443));
        stage.check_connected(&[(&public(8443), 1)]).await;
        // A name that is none of a host (RFC 952), but of the DNS.
        stage.pot.dns.point("my_hooks.example.com", &[PUBLIC[0]]);
        stage.change(&webhook, &url("my_hooks.example.com")).await.expect(200);
        check_arrived(&stage.test(&webhook).await, &public(8443));
        stage.check_connected(&[(&public(8443), 1)]).await;
        stage.change(&webhook, &url(NAME)).await.expect(200);
        stage.pot.dns.point(NAME, &[PUBLIC[1]]);
        let v6 = format!("[{}]:8443", PUBLIC[1]);
        check_arrived(&stage.test(&webhook).await, &v6);
        stage.check_connected(&[(&v6, 1)]).await;
        stage.close().await;
    });
}

#[test]
fn d2_to_d5_one_refused_address_refuses_the_name_in_whatever_family_form_and_order() {
    let [v4, v6] = PUBLIC;
    let answers: [(&[&str], &str, &str); 16] = [
        (&["10.0.0.1"], "ip.rfc1918", NETWORKS),
        (&[v4, "127.0.0.1"], "ip.loopback", NETWORKS),
        (&["127.0.0.1", v4], "ip.loopback", NETWORKS),
        (&[v6, "::1"], "ip6.reserved-block", NETWORKS),
        (&[v4, v6, "169.254.169.254"], "ip.link-local", NETWORKS),
        (&[v4, "fd00:ec2::254"], "ip.ula", NETWORKS),
        (&[v6, "192.168.1.1"], "ip.rfc1918", NETWORKS),
        (&[v4, "::ffff:169.254.169.254"], "ip6.reserved-block", NETWORKS),
        (&["::ffff:93.184.216.34"], "ip6.reserved-block", NETWORKS),
        (&["64:ff9b::a9fe:a9fe"], "ip6.nat64", "egress.allow_nat64"),
        (&["2002:a9fe:a9fe::1"], "ip6.6to4", NETWORKS),
        (&["2001:0:a9fe:a9fe::1"], "ip6.2001-block", NETWORKS),
        (&["2606:4700::5efe:a00:1"], "ip6.isatap", NETWORKS),
        (&["fec0::1"], "ip.site-local", NETWORKS),
        (&["168.63.129.16"], "ip.azure-wireserver", NETWORKS),
        (&[v4, "100.100.100.200", v6], "ip.cgnat", NETWORKS),
    ];
    within(async |pot| {
        let (mut stage, webhook) = waiting(pot).await;
        let begun = stage.pot.begun();
        for (number, (addresses, rule, setting)) in answers.into_iter().enumerate() {
            let name = format!("r{number}.example.com");
            // Ten refusals in a row hold a webhook.
            stage.resume(&webhook).await;
            stage.change(&webhook, &url(&name)).await.expect(200);
            stage.pot.dns.point(&name, addresses);
            check_refused_everywhere(&mut stage, &webhook, &name, (rule, setting), addresses).await;
        }
        assert_eq!(stage.pot.begun(), begun, "connections begun");
        println!("names: {} refused sets of addresses at 4 doors, 0 connections", answers.len());
        stage.close().await;
    });
}

#[test]
fn behind_an_allowed_nat64_gateway_the_address_within_is_judged() {
    within(async |pot| {
        let mut stage = Stage::open(pot, &[("LEADPOST_EGRESS__ALLOW_NAT64", "true")]).await;
        let webhook = stage.webhook(&url(NAME), json!({})).await;
        for (address, rule) in [
            ("64:ff9b::a9fe:a9fe", "ip.link-local"),
            ("64:ff9b::7f00:1", "ip.loopback"),
            ("64:ff9b:1::5db8:d822", "ip6.reserved-block"),
            ("2002:5db8:d822::1", "ip6.6to4"),
        ] {
            stage.pot.dns.point(NAME, &[address]);
            check_blocked(&stage.test(&webhook).await, rule, Some(NETWORKS));
        }
        stage.check_connected(&[]).await;
        stage.pot.dns.point(NAME, &["64:ff9b::5db8:d822"]);
        check_arrived(&stage.test(&webhook).await, "[64:ff9b::5db8:d822]:8443");
        stage.check_connected(&[("[64:ff9b::5db8:d822]:8443", 1)]).await;
        stage.close().await;
    });
}

#[test]
fn d6_aliases_are_judged_by_where_they_end() {
    within(async |pot| {
        let (mut stage, webhook) = waiting(pot).await;
        // All in one answer; and one link in each, so that the asker follows.
        stage.pot.dns.answer(NAME, |question, _| {
            let inside = "metadata.google.internal";
            let end = Record::address(inside, "169.254.169.254".parse().expect("an address"));
            let links = [Record::alias(NAME, "a.example.com"), Record::alias("a.example.com", inside)];
            Reply::Records(links.into_iter().chain(question.is_v4().then_some(end)).collect())
        });
        let to = ["169.254.169.254", "internal"];
        check_refused_everywhere(&mut stage, &webhook, NAME, ("ip.link-local", NETWORKS), &to).await;
        let other = "other.example.com";
        stage.change(&webhook, &url(other)).await.expect(200);
        link(&stage.pot, other, "b.example.com");
        link(&stage.pot, "b.example.com", "instance.corp.internal");
        stage.pot.dns.point("instance.corp.internal", &["10.0.0.1"]);
        let to = ["10.0.0.1", "internal"];
        check_refused_everywhere(&mut stage, &webhook, other, ("ip.rfc1918", NETWORKS), &to).await;
        stage.pause(&webhook).await;
        // An honest one, as content networks have it.
        stage.pot.dns.point("instance.corp.internal", &[]);
        stage.pot.dns.point("edge.example.net", &[PUBLIC[0]]);
        link(&stage.pot, "b.example.com", "edge.example.net");
        check_arrived(&stage.test(&webhook).await, &public(8443));
        stage.check_connected(&[(&public(8443), 1)]).await;
        stage.close().await;
    });
}

#[test]
fn d6_aliases_without_end_are_a_dns_error() {
    within(async |pot| {
        let (mut stage, webhook) = waiting(pot).await;
        let loops: [(&str, &[&str]); 2] =
            [("itself", &[NAME, NAME]), ("two", &[NAME, "b.example.com", NAME])];
        for (what, chain) in loops {
            chain.windows(2).for_each(|pair| link(&stage.pot, pair[0], pair[1]));
            let attempt = stage.test(&webhook).await;
            check_dns_error(&attempt, NAME);
            println!("names: a loop of {what}: {} after {} ms", attempt["error_detail"], attempt["total_ms"]);
        }
        // Twenty links to a public address, one by one and all in one answer.
        let names: Vec<String> = (0..20).map(|number| format!("n{number}.example.com")).collect();
        let chain: Vec<String> = [NAME.to_owned()].into_iter().chain(names).collect();
        chain.windows(2).for_each(|pair| link(&stage.pot, &pair[0], &pair[1]));
        stage.pot.dns.point("n19.example.com", &[PUBLIC[0]]);
        let step_by_step = stage.test(&webhook).await;
        stage.pot.dns.answer(NAME, move |question, _| {
            let links = chain.windows(2).map(|pair| Record::alias(&pair[0], &pair[1]));
            let end = Record::address("n19.example.com", PUBLIC[0].parse().expect("an address"));
            Reply::Records(links.chain(question.is_v4().then_some(end)).collect())
        });
        let at_once = stage.test(&webhook).await;
        for (how, attempt) in [("one by one", step_by_step), ("all at once", at_once)] {
            println!("names: 20 aliases {how}: {} after {} ms", attempt["error_detail"], attempt["total_ms"]);
            check_dns_error(&attempt, NAME);
        }
        stage.check_connected(&[]).await;
        stage.close().await;
    });
}

#[test]
fn d10_a_dns_without_a_usable_answer_is_an_error_that_passes() {
    within(async |pot| {
        let (mut stage, webhook) = waiting(pot).await;
        let many = |question: &dns::Question, _| {
            let address = |n: u16| format!("93.184.{}.{}", n / 250, n % 250).parse().expect("an address");
            let all = (0..1_000).map(|n| Record::address(&question.name, address(n)));
            Reply::Records(all.filter(|_| question.is_v4()).collect())
        };
        let replies = [
            (Some(Reply::Code(dns::NXDOMAIN)), "the name does not exist"),
            (Some(Reply::Code(dns::SERVFAIL)), "the DNS server answered Server Failure"),
            (Some(Reply::Code(dns::REFUSED)), "the DNS server answered Query Refused"),
            (Some(Reply::Records(Vec::new())), "the name has no address"),
            (Some(Reply::Cut), "could not be resolved"),
            (Some(Reply::Silence), "no DNS server answered in time"),
            (None, "has 1000 addresses, more than 16"),
        ];
        for (number, (reply, words)) in replies.into_iter().enumerate() {
            // Each has a name of its own, so that it shares no look-up with what is tried again.
            let name = format!("d{number}.example.com");
            match reply {
                Some(reply) => stage.pot.dns.answer(&name, move |_, _| reply.clone()),
                None => stage.pot.dns.answer(&name, many),
            }
            stage.change(&webhook, &url(&name)).await.expect(200);
            let (delivery, attempt) = stage.deliver().await;
            check_dns_error(&attempt, &name);
            check_dns_error(&attempt, words);
            println!("names: {} after {} ms", attempt["error_detail"], attempt["total_ms"]);
            assert_eq!(
                (&delivery["state"], &delivery["reason"]),
                (&json!("pending"), &Value::Null),
                "{delivery}"
            );
            assert_ne!(delivery["next_attempt_at"], Value::Null, "{delivery}");
            let saved = stage.create(&url(&name)).await.expect(201);
            assert_eq!(saved["warnings"].as_array().map(Vec::len), Some(1), "saving is not blocked: {saved}");
            let id = saved["id"].as_str().expect("a webhook has an id").to_owned();
            let deleted = stage.client.call("DELETE", &format!("/webhooks/{id}"), None, "").await;
            assert_eq!(deleted.expect("the server answers").status, 204);
        }
        stage.check_connected(&[]).await;
        stage.close().await;
    });
}

fn url(name: &str) -> String {
    format!("https://{name}:8443/in")
}

/// A webhook whose name does not exist yet, and nothing else.
async fn waiting(pot: Honeypot) -> (Stage, String) {
    let mut stage = Stage::open(pot, &[]).await;
    let webhook = stage.webhook(&url(NAME), json!({})).await;
    (stage, webhook)
}

/// From now on, that name is an alias, whose end is for the asker to find.
fn link(pot: &Honeypot, from: &str, to: &str) {
    let to = to.to_owned();
    pot.dns.answer(from, move |question, _| Reply::Records(vec![Record::alias(&question.name, &to)]));
}

/// All four doors refuse by that rule, and none says where the name would have led.
async fn check_refused_everywhere(
    stage: &mut Stage,
    webhook: &str,
    name: &str,
    (rule, setting): (&str, &str),
    leads_to: &[&str],
) {
    let mut said = Vec::new();
    let (create, change) = (stage.create(&url(name)).await, stage.change(webhook, &url(name)).await);
    for answer in [create, change] {
        let problem = answer.expect(422);
        assert_eq!(problem["code"], "refused_url", "{leads_to:?}: {problem}");
        said.push(problem["errors"][0]["message"].as_str().expect("words").to_owned());
    }
    let test = stage.test(webhook).await;
    let (delivery, attempt) = stage.deliver().await;
    assert_eq!((&delivery["state"], &delivery["reason"]), (&json!("pending"), &Value::Null), "{delivery}");
    for attempt in [test, attempt] {
        check_blocked(&attempt, rule, Some(setting));
        said.push(attempt["error_detail"].as_str().expect("words").to_owned());
    }
    for words in said {
        assert!(words.contains(&format!("(rule {rule})")) && words.ends_with(setting), "{words}");
        assert!(!leads_to.iter().any(|it| words.contains(it)), "tells where {name} leads: {words}");
    }
    stage.check_connected(&[]).await;
}
