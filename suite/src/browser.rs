//! Somebody's browser on the pages: it keeps cookies and sends forms.

use std::{collections::BTreeMap, net::IpAddr};

use axum::body::Body;
use http::{Request, header};
use url::form_urlencoded;

use crate::{Answer, TestApp};

/// A browser at one address. Nobody is signed in at first.
pub struct Browser<'a> {
    app: &'a TestApp,
    address: IpAddr,
    /// What it keeps, by name.
    pub cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    /// A new one at that address.
    pub fn at(app: &'a TestApp, address: &str) -> Self {
        let address = address.parse().expect("an address");
        Self { app, address, cookies: BTreeMap::new() }
    }

    /// What it shows for an address.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).expect("a good request")).await
    }

    /// What it shows after sending a form of one of our own pages.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(body)).expect("a good request")).await
    }

    /// Any request, with its cookies, and what the answer says of cookies kept.
    pub async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            let line = cookies.join("; ").parse().expect("a header");
            request.headers_mut().insert(header::COOKIE, line);
        }
        let answer = Answer::read(self.app.respond_from(self.address, request).await).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("a text");
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a name and a value");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Where an answer sends one on.
    pub fn target(answer: &Answer) -> &str {
        assert_eq!(answer.status, 303, "{}", answer.body);
        answer.headers[header::LOCATION].to_str().expect("a text")
    }
}
