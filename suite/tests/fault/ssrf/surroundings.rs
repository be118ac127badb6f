//! What surrounds an attempt and must not lead it astray: redirects, proxies, the hosts file, search domains, the server's
//! own address, and certificates of others.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::{
    dns::Question,
    honeypot::{PUBLIC, within},
    ssrf::{Stage, check_arrived, check_blocked, check_dns_error, public},
};

const NAME: &str = "hooks.example.com";

/// What leads elsewhere in answers that are no redirects.
const OTHER_WAYS: [(&str, u16); 4] = [
    ("HTTP/1.1 200 OK\r\nrefresh: 0;url=http://127.0.0.1/\r\nalt-svc: h2=\"127.0.0.1:443\"", 200),
    ("HTTP/1.1 200 OK\r\nlink: <http://10.0.0.1/>; rel=preload\r\ncontent-location: //10.0.0.1/", 200),
    ("HTTP/1.1 401 Who\r\nwww-authenticate: Negotiate\r\nlocation: //10.0.0.1/", 401),
    ("HTTP/1.1 407 Who\r\nproxy-authenticate: Basic\r\nlocation: //10.0.0.1:3128/", 407),
];

#[test]
fn d11_redirects_are_never_followed_wherever_they_lead() {
    const TARGETS: [&str; 10] = [
        "http://127.0.0.1/",
        "https://127.0.0.1:8443/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:8080/",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "/elsewhere",
        "https://hooks.example.com:8443/",
        "hop",
    ];
    within(async |pot| {
        pot.dns.point(NAME, &[PUBLIC[0]]);
        let mut stage = Stage::open(pot, &[]).await;
        let webhook = stage.webhook(&format!("https://{NAME}/in"), json!({})).await;
        let mut count = 0;
        for status in [300, 301, 302, 303, 304, 305, 307, 308] {
            for target in TARGETS {
                let more =
                    format!("location: {target}\r\nrefresh: 0;url={target}\r\nalt-svc: h2=\"10.0.0.1:443\"");
                stage.pot.sinks.answer(move |_| {
                    format!("HTTP/1.1 {status} Over There\r\n{more}\r\ncontent-length: 0\r\n\r\n")
                });
                let attempt = stage.test(&webhook).await;
                assert_eq!(
                    (&attempt["status"], &attempt["error"]),
                    (&json!(status), &Value::Null),
                    "{attempt}"
                );
                assert_eq!(attempt["response_headers"]["location"], target, "{attempt}");
                count += 1;
            }
        }
        // Thirty hops, of which a delivery takes none; and it is a failure.
        stage.pot.sinks.answer(|request| {
            let hop = request.start.matches('x').count();
            let to = if hop < 30 { "x".repeat(hop + 1) } else { "end".to_owned() };
            format!("HTTP/1.1 302 Found\r\nlocation: /{to}\r\ncontent-length: 0\r\n\r\n")
        });
        let (delivery, attempt) = stage.deliver().await;
        assert_eq!((&delivery["state"], &attempt["status"]), (&json!("pending"), &json!(302)), "{delivery}");
        stage.pause(&webhook).await;
        for (other, status) in OTHER_WAYS {
            let answer = format!("{other}\r\ncontent-length: 0\r\n\r\n");
            stage.pot.sinks.answer(move |_| answer.clone());
            assert_eq!(stage.test(&webhook).await["status"], status);
            count += 1;
        }
        let requests = stage.pot.sinks.requests();
        assert_eq!(requests.len(), count + 1);
        assert!(requests.iter().all(|request| request.start == "POST /in HTTP/1.1"), "{requests:?}");
        stage.check_connected(&[(&public(443), count + 1)]).await;
        println!("redirects: {count} answers and 30 hops, one request each, 0 other connections");
        stage.close().await;
    });
}

#[test]
fn d12_proxies_of_the_environment_are_not_used() {
    within(async |mut pot| {
        pot.dns.point(NAME, &[PUBLIC[0]]);
        pot.dns.point("proxy.example.com", &["10.9.9.9"]);
        let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
        for proxy in ["http://10.9.9.9:3128", "socks5h://proxy.example.com:3128"] {
            let mut variables: Vec<(&str, &str)> = names.map(|name| (name, proxy)).to_vec();
            variables.extend([("NO_PROXY", ""), ("no_proxy", ""), ("LEADPOST_EGRESS__ALLOW_HTTP", "true")]);
            let mut stage = Stage::open(pot, &variables).await;
            let webhook = stage.webhook(&format!("https://{NAME}/"), json!({})).await;
            check_arrived(&stage.deliver().await.1, &public(443));
            stage.change(&webhook, &format!("http://{NAME}/")).await.expect(200);
            check_arrived(&stage.deliver().await.1, &public(80));
            stage.change(&webhook, &format!("http://{}/", PUBLIC[0])).await.expect(200);
            check_arrived(&stage.test(&webhook).await, &public(80));
            stage.check_connected(&[(&public(80), 2), (&public(443), 1)]).await;
            assert!(stage.pot.dns.asked().iter().all(|question| question.name == NAME));
            stage.server.kill().await;
            pot = stage.pot;
        }
    });
}

#[test]
fn d13_the_hosts_file_is_not_read() {
    within(async |pot| {
        pot.put("/etc/hosts", &format!("127.0.0.1 {NAME} only.example.com\n::1 {NAME} only.example.com\n"));
        pot.dns.point(NAME, &[PUBLIC[0]]);
        let mut stage = Stage::open(pot, &[]).await;
        let webhook = stage.webhook(&format!("https://{NAME}/"), json!({})).await;
        check_arrived(&stage.deliver().await.1, &public(443));
        stage.change(&webhook, "https://only.example.com/").await.expect(200);
        check_dns_error(&stage.deliver().await.1, "the name does not exist");
        stage.check_connected(&[(&public(443), 1)]).await;
        stage.close().await;
    });
}

#[test]
fn d14_a_name_is_asked_for_as_it_stands_once_for_each_family() {
    within(async |pot| {
        pot.configure_dns("search svc.cluster.local corp.example.net\noptions ndots:5 attempts:3\n");
        pot.dns.point(NAME, &[PUBLIC[0]]);
        for name in [NAME, "missing.example.com"] {
            for inside in ["svc.cluster.local", "corp.example.net"] {
                pot.dns.point(&format!("{name}.{inside}"), &["10.0.0.1"]);
            }
        }
        let mut stage = Stage::open(pot, &[]).await;
        for (name, expected) in [(NAME, Value::Null), ("missing.example.com", json!("dns_error"))] {
            let webhook = stage.webhook(&format!("https://{name}/"), json!({})).await;
            stage.pot.dns.asked();
            let attempt = stage.test(&webhook).await;
            assert_eq!(attempt["error"], expected, "{attempt}");
            let mut asked = stage.pot.dns.asked();
            asked.sort();
            assert_eq!(asked, [Question::v4(name), Question::v6(name)], "exactly one query for each family");
        }
        stage.check_connected(&[(&public(443), 1)]).await;
        stage.close().await;
    });
}

#[test]
fn d15_the_server_does_not_call_itself_whatever_is_allowed() {
    let [v4, v6] = PUBLIC;
    let listens: [(&str, &[&str]); 4] = [
        ("93.184.216.34:9090", &[v4, "::ffff:93.184.216.34"]),
        ("[2606:2800:220:1::1]:9090", &[v6]),
        ("0.0.0.0:9090", &[v4, "127.0.0.1", "127.8.8.8", "0.0.0.0", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]),
        ("[::]:9090", &[v4, v6, "127.0.0.1", "127.8.8.8", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"]),
    ];
    let opened = [
        ("LEADPOST_EGRESS__ALLOW_HTTP", "true"),
        ("LEADPOST_EGRESS__ALLOW_NETWORKS", "0.0.0.0/0,::/0"),
        ("LEADPOST_EGRESS__ALLOW_HOSTS", "93.184.216.34:9090,hooks.example.com"),
        ("LEADPOST_EGRESS__ALLOW_NAT64", "true"),
    ];
    within(async |mut pot| {
        for (listen, reached_at) in listens {
            let mut stage = Stage::listen(pot, listen, &opened).await;
            stage.pot.dns.point(NAME, &[]);
            let webhook = stage.webhook(&format!("http://{NAME}:9090/"), json!({})).await;
            let begun = stage.pot.begun();
            for address in reached_at {
                let at = SocketAddr::new(address.parse().expect("an address"), 9_090);
                let url = format!("http://{at}/readyz");
                let problem = stage.change(&webhook, &url).await.expect(422);
                let words = problem["errors"][0]["message"].as_str().expect("words");
                assert!(words.contains("(rule ip.self)"), "{url}: {words}");
                stage.pot.dns.point(NAME, &[address]);
                check_blocked(&stage.test(&webhook).await, "ip.self", None);
                check_blocked(&stage.deliver().await.1, "ip.self", None);
            }
            assert_eq!(stage.pot.begun(), begun, "connections begun");
            // At another port of the same address there is another program.
            let other = stage.webhook(&format!("http://{}/", public(8080)), json!({})).await;
            check_arrived(&stage.test(&other).await, &public(8080));
            stage.check_connected(&[(&public(8080), 1)]).await;
            stage.server.kill().await;
            pot = stage.pot;
        }
    });
}

#[test]
fn d16_a_certificate_for_another_name_ends_the_attempt_before_anything_is_sent() {
    within(async |pot| {
        for name in ["hooks.example.org", "a.b.example.com"] {
            pot.dns.point(name, &[PUBLIC[0]]);
        }
        let mut stage = Stage::open(pot, &[]).await;
        let webhook = stage.webhook("https://hooks.example.org/in", json!({})).await;
        let (delivery, attempt) = stage.deliver().await;
        assert_eq!(delivery["state"], "pending", "{delivery}");
        stage.pause(&webhook).await;
        let mut attempts = vec![attempt];
        for url in ["https://hooks.example.org/in", "https://a.b.example.com/in"] {
            stage.change(&webhook, url).await.expect(200);
            attempts.push(stage.test(&webhook).await);
        }
        for attempt in attempts {
            let error = (&attempt["error"], &attempt["status"]);
            assert_eq!(error, (&json!("tls_error"), &Value::Null), "{attempt}");
            let detail = attempt["error_detail"].as_str().expect("words");
            assert!(detail.contains("is for another name, not for "), "{detail}");
        }
        assert!(stage.pot.sinks.requests().is_empty(), "nothing was sent");
        stage.check_connected(&[(&public(443), 3)]).await;
        stage.close().await;
    });
}
