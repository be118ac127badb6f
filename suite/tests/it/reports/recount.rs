//! The second count: a program of its own, in another language, that is given the raw rows.

use std::{
    fmt::Write,
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use suite::{TestApp, store::skipped};

/// What a report is asked for: days, zone, and limits if there are any.
#[derive(Clone, Debug)]
pub struct Asked {
    pub from: String,
    pub to: String,
    pub zone: &'static str,
    pub chatbot: Option<String>,
    pub department: Option<String>,
}

impl Asked {
    /// All chatbots and departments.
    pub fn of(from: &str, to: &str, zone: &'static str) -> Self {
        Self { from: from.into(), to: to.into(), zone, chatbot: None, department: None }
    }

    fn query(&self) -> String {
        let mut query = format!("from={}&to={}&time_zone={}", self.from, self.to, self.zone);
        for (name, value) in [("chatbot_id", &self.chatbot), ("department_id", &self.department)] {
            if let Some(value) = value {
                write!(query, "&{name}={value}").expect("texts can be written");
            }
        }
        query
    }

    fn json(&self) -> Value {
        json!({
            "from": self.from, "to": self.to, "time_zone": self.zone,
            "chatbot_id": self.chatbot, "department_id": self.department,
        })
    }
}

/// What the product answers, without what only repeats the question.
async fn answered(app: &TestApp, asked: &Asked) -> Value {
    let of = |report: &str| format!("/reports/{report}?{}", asked.query());
    let (mut bot, mut markers) = (app.get(&of("bot")).await, app.get(&of("markers")).await);
    for report in [&mut bot, &mut markers] {
        for (name, value) in [("from", &*asked.from), ("to", &*asked.to), ("time_zone", asked.zone)] {
            let repeated = report.as_object_mut().and_then(|it| it.remove(name));
            assert_eq!(repeated.as_ref().and_then(Value::as_str), Some(value));
        }
    }
    json!({"bot": bot, "markers": markers})
}

/// Asks the product and the second count the same; they must agree to the last figure. The answers of the product.
pub async fn agree(app: &TestApp, asked: &[Asked]) -> Vec<Value> {
    let mut answers = Vec::new();
    for one in asked {
        answers.push(answered(app, one).await);
    }
    let given = json!({
        "account": app.acme.0.uuid().simple().to_string(),
        "tables": app.rows(&["conversation", "message", "event", "chatbot"]).await,
        "asked": asked.iter().map(Asked::json).collect::<Vec<_>>(),
    });
    let Some(counted) = tokio::task::spawn_blocking(move || count(&given)).await.expect("counting ends")
    else {
        skipped("recount", "there is no python3 that knows time zones");
        return answers;
    };
    let counted = counted.as_array().expect("a list");
    assert_eq!(counted.len(), asked.len());
    for ((one, answer), counted) in asked.iter().zip(&answers).zip(counted) {
        assert_eq!(answer, counted, "{}: {one:?}; left is the product", app.engine);
    }
    answers
}

/// What the second count says; None where it cannot be run.
fn count(given: &Value) -> Option<Value> {
    let python = |args: &[&str]| {
        let mut command = Command::new("python3");
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).output()
    };
    let able = python(&["-c", "import zoneinfo; zoneinfo.ZoneInfo('Pacific/Apia')"]);
    if !able.is_ok_and(|it| it.status.success()) {
        return None;
    }
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    file.write_all(given.to_string().as_bytes()).expect("it can be written");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/oracles/recount.py");
    let output = python(&[script, file.path().to_str().expect("a plain path")]).expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("the recount prints JSON"))
}
