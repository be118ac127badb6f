//! The whole product on one store, without a socket of its own: requests go straight to the router.

use std::{net::IpAddr, sync::Arc, time::Duration};

use app::{AppError, Db, Tx, accounts};
use axum::{Router, body::Body};
use courier::{Courier, CourierSettings, Egress, EgressSettings};
use domain::{Account, Actor, EgressPolicy, Id, Scope};
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tower::ServiceExt;
use web::{Metrics, Readiness, Web, WebSettings};

use crate::{ManualClock, TestStore};

/// The product, running. Two accounts, each with an `admin` key; everything local may be called.
pub struct TestApp {
    /// The engine's name, for messages.
    pub engine: &'static str,
    /// The store.
    pub db: Db,
    /// The clock of everything.
    pub clock: Arc<ManualClock>,
    /// The way out and the dispatcher.
    pub courier: Courier,
    /// Account and admin key of the account that the test acts in.
    pub acme: (Id<Account>, String),
    /// The same of an account that must see nothing of it.
    pub globex: (Id<Account>, String),
    router: Router,
    settings: CourierSettings,
    egress: Egress,
    store: TestStore,
}

/// The origin of the product's own pages.
pub const OWN_ORIGIN: &str = "https://leads.example.com";

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Reads an answer to its end.
    pub async fn read(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("the answer ends").to_bytes();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|_| panic!("{}: not JSON: {}", self.status, self.body))
    }

    /// The body as JSON, of an answer that must have this status.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.json()
    }

    /// The `code` of a problem.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Everything on this machine may be called, also without TLS.
pub fn local_egress() -> EgressSettings {
    let policy = EgressPolicy {
        allow_http: true,
        allow_networks: vec!["127.0.0.0/8".parse().expect("a network")],
        ..EgressPolicy::default()
    };
    EgressSettings { policy, ..EgressSettings::default() }
}

impl TestApp {
    /// Starts on `store` with the default settings.
    pub async fn start(store: TestStore) -> Self {
        Self::start_with(store, local_egress(), CourierSettings::default()).await
    }

    /// Starts with settings of the test's own.
    pub async fn start_with(store: TestStore, egress: EgressSettings, settings: CourierSettings) -> Self {
        let (db, clock) = store.open().await;
        let egress = Egress::new(egress, clock.clone()).expect("the egress settings are good");
        let start = Courier::start(db.clone(), egress.clone(), settings);
        let courier = start.await.expect("the courier starts");
        let watch = courier.watch();
        let readiness = Readiness::new(move || watch().ready);
        let metrics = Metrics::new(Registry::default());
        let web_settings = WebSettings { own_origins: vec![OWN_ORIGIN.to_owned()], ..WebSettings::default() };
        let web = Web::new(db.clone(), courier.outbound(), web_settings, readiness, metrics);
        let (acme, globex) = (account(&db, "Acme").await, account(&db, "Globex").await);
        let router = web::router(web);
        Self { engine: store.engine, db, clock, courier, acme, globex, router, settings, egress, store }
    }

    /// Ends the courier in the middle of whatever it is doing and starts another, as if the process had died and come
    /// back: what was under way is forgotten, or is stored too late to decide.
    pub async fn replace_courier(&mut self) {
        if self.engine == "postgres" {
            // A node that died keeps its leases until they end.
            self.store.sabotage("", "update shard_lease set expires_at = 0").await;
        }
        let start = Courier::start(self.db.clone(), self.egress.clone(), self.settings);
        let before = std::mem::replace(&mut self.courier, start.await.expect("the courier starts"));
        before.stop(Duration::ZERO).await;
    }

    /// A key of the first account.
    pub async fn key(&self, scope: Scope) -> String {
        key(&self.db, self.acme.0, scope).await
    }

    /// The answer to any request, its body not read yet.
    pub async fn respond(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("the router answers")
    }

    /// The answer to a request that comes from that address.
    pub async fn respond_from(&self, peer: IpAddr, request: Request<Body>) -> Response<Body> {
        web::for_peer(&self.router, peer).oneshot(request).await.expect("the router answers")
    }

    /// Any request.
    pub async fn call(&self, request: Request<Body>) -> Answer {
        Answer::read(self.respond(request).await).await
    }

    /// A request with the admin key of the first account, with a body unless it is empty.
    pub async fn send(&self, method: &str, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send_as(&self.acme.1, method, path, body).await
    }

    /// The same with another key.
    pub async fn send_as(&self, key: &str, method: &str, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let body: Vec<u8> = body.into();
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json");
        self.call(request.body(Body::from(body)).expect("a good request")).await
    }

    /// A request with these headers, and the admin key of the first account unless they have another.
    pub async fn send_with(
        &self,
        headers: &[(&str, &str)],
        method: &str,
        path: &str,
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        let own = |name: &str| headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !own("authorization") {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.acme.1));
        }
        if !own("content-type") {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.call(request.body(Body::from(body.into())).expect("a good request")).await
    }

    /// Reads something that must be there.
    pub async fn get(&self, path: &str) -> Value {
        self.send("GET", path, "").await.expect(200)
    }

    /// Posts something that must be taken with this status.
    pub async fn post(&self, path: &str, body: Value, status: u16) -> Value {
        self.send("POST", path, body.to_string()).await.expect(status)
    }

    /// A webhook for both posted types; `more` adds to or replaces its settings.
    pub async fn webhook(&self, url: &str, more: Value) -> Value {
        let mut body =
            json!({"name": "CRM", "url": url, "event_types": ["Contact Information", "Chat Transcript"]});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.post("/webhooks", body, 201).await
    }

    /// Posts the contact of the samples; its id.
    pub async fn contact(&self) -> String {
        let data = domain::EventType::ContactInformation.sample_data();
        let body = format!(r#"{{"type":"Contact Information","data":{data}}}"#);
        let accepted = self.send("POST", "/events", body).await.expect(202);
        accepted["id"].as_str().expect("an id").to_owned()
    }

    /// Waits until nothing is due at the clock's instant, however long the clock had stood.
    pub async fn settle(&self) {
        let settled = tokio::time::timeout(Duration::from_secs(60), self.courier.settle()).await;
        assert!(settled.is_ok(), "the courier did not come to rest within a minute");
    }

    /// Moves the clock and waits until nothing is due.
    pub async fn after(&self, wait: Duration) {
        self.clock.advance(wait);
        self.settle().await;
    }

    /// Runs SQL behind the product's back.
    pub async fn sabotage(&self, sql: &str) {
        self.store.sabotage(sql, sql).await;
    }

    /// Everything that is stored, as text.
    pub async fn dump(&self) -> String {
        self.store.dump().await
    }

    /// The rows of these tables as JSON, as they are stored.
    pub async fn rows(&self, tables: &[&str]) -> Value {
        let mut all = json!({});
        for table in tables {
            all[*table] = self.store.rows(table).await;
        }
        all
    }

    /// Ends the product: every planned delivery is accounted for, and nothing that is due was left lying.
    pub async fn finish(self) {
        self.settle().await;
        for (_, key) in [&self.acme, &self.globex] {
            let ledger = self.send_as(key, "GET", "/ledger", "").await.expect(200);
            assert_eq!(ledger["balanced"], true, "{}: {ledger}", self.engine);
        }
        self.courier.stop(Duration::from_secs(20)).await;
    }
}

async fn account(db: &Db, name: &'static str) -> (Id<Account>, String) {
    let make = move |tx: &mut Tx<'_>| accounts::create(tx, name);
    let made: Result<_, AppError> = db.write(make).await;
    let id = made.expect("an account can be made").id;
    (id, key(db, id, Scope::Admin).await)
}

async fn key(db: &Db, account: Id<Account>, scope: Scope) -> String {
    let make =
        move |tx: &mut Tx<'_>| accounts::create_key(tx, &Actor::Console { account }, "test", scope, None);
    let made: Result<_, AppError> = db.write(make).await;
    made.expect("a key can be made").1.reveal().to_owned()
}
