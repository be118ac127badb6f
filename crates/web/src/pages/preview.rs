//! Pages with a chatbot in them that anybody may see: the preview of one, and a sample company's page.
//!
//! They are outside of the dashboard's shell. The keys in them are public: nobody signs in.

use std::collections::BTreeMap;

use app::{AppError, conversations::visits};
use askama::Template;
use axum::extract::{Path, State, rejection::PathRejection};
use axum::response::Response;
use domain::VisitorToken;
use http::StatusCode;

use super::{Shared, failure::Failure, shell::render};
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "preview/preview.html")]
struct PreviewPage {
    key: String,
    name: String,
}

#[derive(Template)]
#[template(path = "preview/missing.html")]
struct MissingPage {
    key: String,
}

#[derive(Template)]
#[template(path = "preview/demo.html")]
struct DemoPage<'a> {
    key: &'a str,
}

/// A chatbot to be tried out by whoever makes it. The key is public, so there is nobody to sign in.
pub(crate) async fn preview(
    State(web): State<Shared>,
    key: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let key = key.map(|Path(key)| key).unwrap_or_default();
    if !domain::chatbot::is_public_key(&key) {
        return render(StatusCode::NOT_FOUND, &MissingPage { key });
    }
    let visit = visit(key.clone());
    match web.db.read(move |tx| visits::enter(tx, &visit)).await {
        Ok(chatbot) => render(StatusCode::OK, &PreviewPage { key, name: chatbot.name }),
        Err(AppError::NotFound) => render(StatusCode::NOT_FOUND, &MissingPage { key }),
        Err(error) => Err(error.into()),
    }
}

/// The preview, as a visit that has said nothing yet: no visitor has its token.
fn visit(public_key: String) -> visits::Visit {
    visits::Visit {
        public_key,
        origin: String::new(),
        own_origin: true,
        preview: true,
        draft: None,
        token: VisitorToken::from_bytes(&[0; 32]),
        page_url: None,
        variables: BTreeMap::new(),
    }
}

/// The sample company's page with the chatbot of that key, where there is one to show.
pub(crate) fn demo(key: Option<&str>) -> Result<Response, Failure> {
    render(StatusCode::OK, &DemoPage { key: key.ok_or_else(Problem::not_found)? })
}

#[cfg(test)]
mod tests {
    use app::chatbots::{self, NewChatbot};
    use domain::{Actor, Scope};
    use http::header;

    use super::{
        super::{files::FILES, shell::POLICY},
        *,
    };
    use crate::kit::{Answer, Kit};

    /// A kit with a chatbot of that name; its public key.
    async fn with_chatbot(name: &str, published: bool) -> (Kit, String) {
        let kit = Kit::start().await;
        // The first key makes the account.
        kit.key(Scope::Manage).await;
        let name = name.to_owned();
        let make = move |tx: &mut app::Tx<'_>| {
            let account = app::accounts::resolve(tx, None, true)?.id;
            let actor = Actor::Console { account };
            let new = NewChatbot { name: name.clone(), ..NewChatbot::default() };
            let made = chatbots::create(tx, &actor, &new)?;
            if published {
                chatbots::publish(tx, &actor, made.id)?;
            }
            Ok::<_, AppError>(made.public_key)
        };
        let key = kit.db.write(make).await.unwrap();
        (kit, key)
    }

    async fn get(kit: &Kit, path: &str) -> Answer {
        kit.send("", "GET", path, "").await
    }

    fn assert_page(answer: &Answer, status: StatusCode) {
        assert_eq!(answer.status, status);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(answer.headers[header::CONTENT_SECURITY_POLICY], POLICY);
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    }

    #[tokio::test]
    async fn the_preview_embeds_a_published_chatbot_without_signing_in() {
        let (kit, key) = with_chatbot("Mia <b> & \"Co\" {{key}}", true).await;
        let answer = get(&kit, &format!("/preview/{key}")).await;
        assert_page(&answer, StatusCode::OK);
        let tag =
            format!(r#"<script src="/widget.js" data-bot="{key}" data-preview data-open async></script>"#);
        assert!(answer.body.contains(&tag), "{}", answer.body);
        assert!(answer.body.contains("Preview: nothing here is counted or sent"));
        let name = "<h1><bdi>Mia &#60;b&#62; &#38; &#34;Co&#34; {{key}}</bdi></h1>";
        assert!(answer.body.contains(name), "{}", answer.body);
    }

    #[tokio::test]
    async fn a_chatbot_that_is_not_published_has_no_preview_and_the_page_says_so() {
        let (kit, key) = with_chatbot("Mia", false).await;
        for path in [format!("/preview/{key}"), "/preview/pk_unknown".to_owned()] {
            let answer = get(&kit, &path).await;
            assert_page(&answer, StatusCode::NOT_FOUND);
            assert!(answer.body.contains("No published chatbot") && !answer.body.contains("/widget.js"));
        }
    }

    #[tokio::test]
    async fn a_key_in_the_address_cannot_bring_markup_into_the_page() {
        let kit = Kit::start().await;
        let path = "/preview/%22%3E%3Cscript%20src=x%3E%3C%2Fscript%3E'%26";
        let answer = get(&kit, path).await;
        assert_page(&answer, StatusCode::NOT_FOUND);
        let shown = "&#34;&#62;&#60;script src=x&#62;&#60;/script&#62;&#39;&#38;";
        assert!(answer.body.contains(shown) && !answer.body.contains("<script"), "{}", answer.body);
        assert_page(&get(&kit, "/preview/%ff").await, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn the_sample_page_is_there_only_with_a_chatbot_to_show() {
        let kit = Kit::start().await;
        assert_eq!(get(&kit, "/demo").await.status, StatusCode::NOT_FOUND);
        let response = demo(Some("pk_\"x")).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], POLICY);
        let text = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let tag = r#"<script src="/widget.js" data-bot="pk_&#34;x" async></script>"#;
        assert!(str::from_utf8(&text).unwrap().contains(tag));
    }

    #[test]
    fn no_page_has_a_script_a_style_or_a_handler_of_its_own_or_loads_from_elsewhere() {
        let key = || "pk_x".to_owned();
        let preview = PreviewPage { key: key(), name: "Mia".to_owned() }.render();
        for page in [preview, MissingPage { key: key() }.render(), DemoPage { key: &key() }.render()] {
            let page = page.unwrap();
            for (at, _) in page.match_indices("<script") {
                let (tag, rest) = page[at..].split_once('>').unwrap();
                assert!(tag.contains(" src=\"/") && rest.starts_with("</script>"), "{tag}>");
            }
            for tag in page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
                let wrong = tag.starts_with("style") || tag.contains(" style=") || tag.contains(" on");
                assert!(!wrong, "<{tag}>");
                for link in ["src=\"", "href=\""] {
                    let target = tag.split(link).nth(1).unwrap_or("/");
                    assert!(
                        (target.starts_with('/') && !target.starts_with("//"))
                            || target.starts_with('#')
                            || target.starts_with("data:"),
                        "<{tag}>"
                    );
                }
            }
        }
        for (name, _, text) in FILES {
            // Names of namespaces look like addresses, and are not.
            let text = text.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
            assert!(!text.contains("://") && !text.contains("@import"), "{name}");
            for markup in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!text.contains(markup), "{name}: {markup}");
            }
        }
    }
}
