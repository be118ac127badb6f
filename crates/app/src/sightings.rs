//! Which web pages have called a chatbot lately: whether it is installed, and who is kept out.

use std::time::Duration;

use domain::{Actor, Chatbot, ChatbotSettings, Id, Permission};
pub use store::sightings::Sighting;
use store::{Changed, Signal, Tx};

use crate::{AppError, access::require, chatbots};

/// So many pages are remembered that may not embed a chatbot; anybody can claim to be another one.
const REFUSED: usize = 20;
/// So many that may: settings hold no more.
const ADMITTED: usize = 100;
/// A page that has not called for so long is forgotten when another calls.
const LONGEST: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// The longest origin that is remembered.
pub const MAX_ORIGIN: usize = 300;

/// A page of that origin called the chatbot of that public key, and was let in or not. Nobody in particular asks for
/// this; it is what the server saw.
pub fn record(tx: &mut Tx<'_>, public_key: &str, origin: &str) -> Result<(), AppError> {
    let found = store::chatbots::find_by_key(tx, public_key)?;
    let Some(chatbot) = found.filter(|_| origin.len() <= MAX_ORIGIN) else { return Ok(()) };
    let now = tx.now();
    let admitted = admits(&chatbot.settings, origin);
    let known = store::sightings::list(tx, chatbot.account, chatbot.id)?;
    let others = known.iter().filter(|it| it.admitted == admitted && it.origin != origin);
    let most = if admitted { ADMITTED } else { REFUSED };
    let stale = others.enumerate().filter(|(place, it)| place + 1 >= most || now.since(it.seen_at) > LONGEST);
    for (_, it) in stale {
        store::sightings::forget(tx, chatbot.account, chatbot.id, &it.origin)?;
    }
    let seen = Sighting { origin: origin.to_owned(), admitted, seen_at: now };
    store::sightings::put(tx, chatbot.account, chatbot.id, &seen)?;
    tx.emit(Signal::Changed(chatbot.account, Changed::Chatbot(chatbot.id)));
    Ok(())
}

fn admits(settings: &ChatbotSettings, origin: &str) -> bool {
    settings.allowed_origins.iter().any(|it| it == origin)
}

/// The pages that called the chatbot, the latest first, each as it would be treated now.
pub fn list(tx: &mut Tx<'_>, actor: &Actor, id: Id<Chatbot>) -> Result<Vec<Sighting>, AppError> {
    require(actor, Permission::Read)?;
    let chatbot = chatbots::get(tx, actor, id)?;
    let mut seen = store::sightings::list(tx, chatbot.account, chatbot.id)?;
    for it in &mut seen {
        it.admitted = admits(&chatbot.settings, &it.origin);
    }
    Ok(seen)
}
