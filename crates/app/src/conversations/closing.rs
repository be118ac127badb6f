//! The end of a conversation: one close, one transcript, one event.

use domain::{CloseReason, Phase, flow};
use store::Tx;

use super::session::Session;
use crate::AppError;

impl Session {
    /// Closes the conversation. Whoever can be reached and was not told yet is told first, unless the flow asks for
    /// consent and there was none; then the transcript is.
    pub(super) fn close(&mut self, tx: &mut Tx<'_>, reason: CloseReason) -> Result<(), AppError> {
        if self.it.phase == Phase::Closed {
            return Ok(());
        }
        // An event names the conversation, and what a contact is captured from must be there.
        self.save_row(tx)?;
        if let Some(flow) = self.flow(tx)?
            && let Some(contact) = flow::early_contact(&flow, &self.state()?)
        {
            self.capture(tx, &contact, &[])?;
        }
        self.it.phase = Phase::Closed;
        self.it.closed = Some((tx.now(), reason));
        if self.it.preview { Ok(()) } else { self.tell_transcript(tx) }
    }
}
