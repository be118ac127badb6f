//! A step of the flow within a conversation: what it says is said, and what it does is done, in its order.

use domain::{
    Author, CloseReason, Consent, MarkerRun, Phase,
    flow::{self, Effect, Input, State, Step, document::Edge},
    marker::{self, Passed},
};
use store::Tx;

use super::session::Session;
use crate::{AppError, departments};

/// Handovers that find nobody, one after the other in one turn, before the bot gives up.
const FUTILE_HANDOVERS: u32 = 10;

impl Session {
    /// Where the flow stands.
    pub(super) fn state(&self) -> Result<State, AppError> {
        let Some(text) = &self.it.flow_state else { return Ok(State::default()) };
        serde_json::from_str(text).map_err(|error| {
            let message = format!("the state of conversation {} makes no sense: {error}", self.it.id);
            AppError::Internal(store::StoreError::Unavailable(message))
        })
    }

    /// What a button of the question that waits says; None if it waits no more.
    pub(super) fn label(
        &self,
        tx: &mut Tx<'_>,
        value: &str,
        question: u32,
    ) -> Result<Option<String>, AppError> {
        let Some(flow) = self.flow(tx)? else { return Ok(None) };
        let ask = flow::pending_ask(&flow, &self.state()?).filter(|ask| ask.question == question);
        let button = ask.and_then(|ask| ask.choices.into_iter().find(|choice| choice.value == value));
        Ok(button.map(|choice| choice.label))
    }

    /// Gives the flow an input, and does what follows. False if the input fits nothing that is pending: then nothing
    /// happened. `client_id` belongs to what the visitor said with it.
    pub(super) fn turn(
        &mut self,
        tx: &mut Tx<'_>,
        input: &Input,
        client_id: Option<String>,
    ) -> Result<bool, AppError> {
        let Some(flow) = self.flow(tx)? else { return Ok(false) };
        let (mut input, mut client_id) = (input.clone(), client_id);
        for _ in 0..FUTILE_HANDOVERS {
            let turn = flow::step(&flow, &self.state()?, &input, &self.env(tx));
            if turn.stale {
                return Ok(false);
            }
            if let Some(heard) = &turn.heard {
                self.hear(tx, heard, client_id.take());
            }
            let state = serde_json::to_string(&turn.state).expect("a state has string keys only");
            self.it.flow_state = Some(state);
            let mut staffed = true;
            for step in &turn.steps {
                match step {
                    Step::Said(said) => self.ask(tx, &said.text, said.ask.as_ref()),
                    Step::Effect(effect) => staffed &= self.act(tx, effect)?,
                }
                if self.it.phase == Phase::Closed {
                    return Ok(true);
                }
            }
            if staffed {
                return Ok(true);
            }
            input = Input::Offline;
        }
        self.close(tx, CloseReason::NoAgent)?;
        Ok(true)
    }

    /// Does what the flow wants done. False if it wants an operator and none is there.
    fn act(&mut self, tx: &mut Tx<'_>, effect: &Effect) -> Result<bool, AppError> {
        match effect {
            Effect::Marker { name, edge } => self.pass(tx, name, *edge)?,
            Effect::Consent { given, text } => {
                let at = tx.now().to_string();
                self.it.consent = Some(Consent { given: *given, text: text.clone(), at });
            }
            Effect::Save { contact, custom } => self.capture(tx, contact, custom)?,
            Effect::Handover { department } => return self.call(tx, department),
            Effect::Close { .. } => self.close(tx, CloseReason::BotFinished)?,
        }
        Ok(true)
    }

    /// Passes one edge of a marker.
    pub(super) fn pass(&mut self, tx: &mut Tx<'_>, name: &str, edge: Edge) -> Result<(), AppError> {
        self.save_row(tx)?;
        let (account, id, now) = (self.it.account, self.it.id, tx.now());
        let runs = store::markers::list(tx, account, id)?;
        match marker::pass(&runs, name, edge) {
            Passed::Started => {
                let number = runs.last().map_or(1, |run| run.number + 1);
                let run = MarkerRun { number, name: name.to_owned(), started_at: now, ended_at: None };
                store::markers::insert(tx, account, id, self.it.chatbot, &run)?;
            }
            Passed::Ended(number) => {
                store::markers::end(tx, account, id, number, now)?;
                let run = runs.into_iter().find(|run| run.number == number);
                if let Some(run) = run {
                    self.tell_execution(tx, &MarkerRun { ended_at: Some(now), ..run })?;
                }
            }
            Passed::Nothing => {}
        }
        Ok(())
    }

    /// Calls the operators of a department; false if none is there.
    fn call(&mut self, tx: &mut Tx<'_>, name: &str) -> Result<bool, AppError> {
        let Some(department) = store::departments::find_by_name(tx, self.it.account, name)? else {
            return Ok(false);
        };
        self.it.department = Some(department.id);
        if !departments::is_staffed(tx, &department)? {
            return Ok(false);
        }
        (self.it.phase, self.it.queued_at, self.it.transfers) = (Phase::Queued, Some(tx.now()), 0);
        Ok(true)
    }

    /// The bot goes on, where nobody came or an operator handed back. If it was taken over in the middle of a
    /// question, that is asked again.
    pub(super) fn go_on(&mut self, tx: &mut Tx<'_>, input: &Input) -> Result<(), AppError> {
        (self.it.phase, self.it.operator, self.it.queued_at) = (Phase::Bot, None, None);
        // A chat may go idle while it waits, and is not to end the moment the bot has it again.
        self.it.active_at = tx.now();
        if self.turn(tx, input, None)? {
            return Ok(());
        }
        let Some(flow) = self.flow(tx)? else { return self.close(tx, CloseReason::NoAgent) };
        match flow::pending_ask(&flow, &self.state()?) {
            Some(ask) => self.ask(tx, "Let us go on where we were. What is your answer?", Some(&ask)),
            None => self.say(tx, Author::System, None, "You are back with the bot."),
        }
        Ok(())
    }
}
