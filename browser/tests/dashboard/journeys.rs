//! What people come for, from the first minute on: each with the mouse, and again with keys alone.

mod leads;
mod team;
mod webhooks;

use crate::member::Hands;

/// Makes two tests of a journey.
macro_rules! journeys {
    ($($journey:ident,)*) => {
        mod with_a_mouse {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $journey() {
                super::$journey(crate::member::Hands::Mouse).await;
            })*
        }
        mod with_keys_alone {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $journey() {
                super::$journey(crate::member::Hands::Keys).await;
            })*
        }
    };
}
use journeys;

/// The beginning of pictures' names.
fn album(journey: &str, hands: Hands) -> String {
    let hands = if hands == Hands::Keys { "-keys" } else { "" };
    format!("journey-{journey}{hands}")
}
