//! A small HTTP client for the commands that talk to a running Leadpost: one connection, one request at a time.
//!
//! It is for a person at a terminal and for the demo. What a server sends to webhooks goes through the
//! courier and its guard, never through here.

use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use domain::ApiKeyText;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// A connection to a Leadpost, with the key to use.
pub struct Client {
    base: Uri,
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    /// The path of the base URL, without a slash at its end.
    prefix: String,
    /// None for a stranger.
    authorization: Option<HeaderValue>,
}

/// What came back.
pub struct Answer {
    /// The status line's number.
    pub status: StatusCode,
    /// All of the body.
    pub body: Bytes,
}

impl Client {
    /// Connects to the server whose API lies under `base`, such as `http://127.0.0.1:8080`.
    pub async fn connect(base: &Uri, key: Option<&ApiKeyText>) -> anyhow::Result<Client> {
        let sender = open(base).await?;
        let mut authorization =
            key.map(|key| HeaderValue::from_str(&format!("Bearer {}", key.reveal()))).transpose()?;
        if let Some(secret) = &mut authorization {
            secret.set_sensitive(true);
        }
        let prefix = base.path().trim_end_matches('/').to_owned();
        let host = HeaderValue::from_str(base.authority().map_or("", |authority| authority.as_str()))?;
        Ok(Client { base: base.clone(), sender, host, prefix, authorization })
    }

    /// POSTs JSON to a path of the server, with further headers.
    pub async fn post(
        &mut self,
        path: &str,
        headers: &[(&'static str, &str)],
        json: impl Into<Bytes>,
    ) -> anyhow::Result<Answer> {
        let mut request = self.request(Method::POST, path, json.into())?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in headers {
            let value =
                HeaderValue::from_str(value).with_context(|| format!("the header {name} cannot be sent"))?;
            request.headers_mut().insert(*name, value);
        }
        self.send(request).await
    }

    /// GETs a path of the server.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        let request = self.request(Method::GET, path, Bytes::new())?;
        self.send(request).await
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> anyhow::Result<Request<Full<Bytes>>> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header(HOST, &self.host)
            .body(Full::new(body));
        let mut request = request?;
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        Ok(request)
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        let exchange = async {
            if self.sender.ready().await.is_err() {
                // A server closes connections that were idle for a while.
                self.sender = open(&self.base).await?;
                self.sender.ready().await?;
            }
            let response = self.sender.send_request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
            let body = body.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
            anyhow::Ok(Answer { status, body })
        };
        let answered = tokio::time::timeout(ANSWER_LIMIT, exchange).await;
        answered
            .map_err(|_| anyhow::anyhow!("no answer within {} s", ANSWER_LIMIT.as_secs()))
            .flatten()
            .context("the server did not answer")
    }
}

impl Answer {
    /// The JSON body of an answer that must be a success; an error in words otherwise.
    pub fn json(&self) -> anyhow::Result<serde_json::Value> {
        if !self.status.is_success() {
            bail!("{}", self.explain());
        }
        serde_json::from_slice(&self.body).context("the server's answer is not JSON: is it a Leadpost?")
    }

    /// What a refusal says, in words.
    pub fn explain(&self) -> String {
        let Ok(problem) = serde_json::from_slice::<serde_json::Value>(&self.body) else {
            return format!("the server answered {}", self.status);
        };
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let places = problem["errors"].as_array().into_iter().flatten().filter_map(|error| {
            let (pointer, message) = (error["pointer"].as_str()?, error["message"].as_str()?);
            Some(if pointer.is_empty() { message.to_owned() } else { format!("{pointer} {message}") })
        });
        let mut parts = vec![format!("the server answered {}", self.status)];
        parts.extend(places);
        if parts.len() == 1 {
            parts.extend(text(&problem["detail"]).or_else(|| text(&problem["title"])));
        }
        parts.join("; ")
    }
}

/// A connection to where `base` leads.
async fn open(base: &Uri) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let (Some(scheme), Some(authority)) = (base.scheme_str(), base.authority()) else {
        bail!("{base} is no full URL: it must look like http://127.0.0.1:8080");
    };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    let port = authority.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    let connect = TcpStream::connect((name, port));
    let stream = tokio::time::timeout(CONNECT_LIMIT, connect)
        .await
        .map_err(|_| anyhow::anyhow!("no answer within {} s", CONNECT_LIMIT.as_secs()))
        .and_then(|connected| Ok(connected?))
        .with_context(|| format!("cannot connect to {scheme}://{authority}: is a Leadpost serving there?"))?;
    stream.set_nodelay(true)?;
    match scheme {
        "http" => handshake(stream).await,
        "https" => {
            let server =
                ServerName::try_from(name.to_owned()).with_context(|| format!("{name} is no host"))?;
            let connected = crate::tls::connector()?.connect(server, stream);
            let stream = connected.await.with_context(|| format!("no TLS connection to {authority}"))?;
            handshake(stream).await
        }
        other => bail!("{other} is no scheme for a Leadpost: use http or https"),
    }
}

async fn handshake<I>(io: I) -> anyhow::Result<SendRequest<Full<Bytes>>>
where
    I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(io)).await?;
    // An error of the connection reaches whoever waits for the answer.
    tokio::spawn(connection);
    Ok(sender)
}
