//! Thirty days of chats with the three demo bots, as visitors and operators could have held them.
//!
//! Everything goes through the use cases under a clock that is moved along, so that what is stored is what the product
//! stores: 200 conversations for each bot, of which 55 % come to the flow's end, 25 % go idle, 12 % are closed by an
//! operator and 8 % ended by the visitor; 5 % have two executions of one marker (where the flow leads back to its
//! beginning, which that of `car-quote` does not); 3 % are previews. The same seed makes the same chats.
//!
//! It knows what visitors say to the three bots. It must not know how anything is counted.

mod scripts;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use app::{
    AppError, Db, Tx, accounts, chatbots,
    conversations::{
        clock as chat_clock, operators,
        visits::{self, Said, Visit, What},
    },
    departments,
};
use domain::{
    Account, Actor, Chatbot, ChatbotSettings, Conversation, Id, Random, Scope, Timestamp, VisitorToken,
};

use crate::{ManualClock, SeededRandom};

/// How many conversations each bot gets.
pub const CONVERSATIONS: usize = 200;

/// Over so many days.
pub const DAYS: u64 = 30;

/// How often the clock is looked at for what is due.
const TICK: Duration = Duration::from_secs(120);

/// Where the bots are embedded.
const ORIGIN: &str = "https://www.example.com";

/// How busy each hour of a day is (UTC).
const HOURS: [u64; 24] = [1, 1, 1, 1, 1, 2, 3, 5, 8, 10, 12, 12, 10, 10, 11, 11, 10, 9, 8, 7, 5, 4, 3, 2];

/// How a chat ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At the end of the flow.
    Complete,
    /// The visitor answers no more.
    Idle,
    /// An operator accepts and closes it.
    OperatorClosed,
    /// The visitor ends it.
    VisitorEnded,
}

impl Ending {
    /// How many of a bot's conversations end so.
    pub const SHARES: [(Ending, usize); 4] = [
        (Ending::Complete, 110),
        (Ending::Idle, 50),
        (Ending::OperatorClosed, 24),
        (Ending::VisitorEnded, 16),
    ];
}

/// How many of a bot's conversations are previews: of those that come to the end.
pub const PREVIEWS: usize = 6;

/// How many of a bot's conversations have two executions of one marker.
pub const TWICE: usize = 10;

/// What was made.
pub struct DemoVolume {
    /// `travel-desk`, `car-quote` and `saas-demo`.
    pub bots: Vec<Chatbot>,
    /// The first instant at which a chat could begin.
    pub from: Timestamp,
    /// When all of them were over.
    pub to: Timestamp,
}

/// Makes the three bots in an account and their chats of the next thirty days; the clock is behind them then.
pub async fn make(db: &Db, clock: &Arc<ManualClock>, account: Id<Account>, seed: u64) -> DemoVolume {
    let from = domain::Clock::now(&**clock);
    let mut world = World { db: db.clone(), clock: clock.clone(), dice: Dice(SeededRandom::new(seed)) };
    let (bots, operator) = world.act(move |tx| set_up(tx, account)).await;
    let mut chats = Vec::new();
    for (place, bot) in bots.iter().enumerate() {
        chats.extend(plan(&mut world.dice, place, bot, from));
    }
    world.play(chats, operator).await;
    DemoVolume { bots, from, to: domain::Clock::now(&**clock) }
}

fn set_up(tx: &mut Tx<'_>, account: Id<Account>) -> Result<(Vec<Chatbot>, Actor), AppError> {
    let console = Actor::Console { account };
    let settings = ChatbotSettings {
        allowed_origins: vec![ORIGIN.into()],
        region: Some("GB".into()),
        ..ChatbotSettings::default()
    };
    let mut bots = Vec::new();
    for (template, name) in scripts::BOTS {
        let new = chatbots::NewChatbot {
            name: name.into(),
            template: Some(template.into()),
            settings: settings.clone(),
            ..Default::default()
        };
        let bot = chatbots::create(tx, &console, &new)?;
        bots.push(chatbots::publish(tx, &console, bot.id)?);
    }
    let (key, _) = accounts::create_key(tx, &console, "Omar", Scope::Manage, None)?;
    Ok((bots, accounts::actor(&key)))
}

/// Numbers that look random and are the same for the same seed.
pub(crate) struct Dice(SeededRandom);

impl Dice {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }

    /// One of several.
    pub(crate) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end as u64 + 1) as usize);
        }
    }

    /// An instant of the thirty days, in busy hours more likely.
    fn instant(&mut self, from: Timestamp) -> Timestamp {
        let day = from.micros() / 86_400_000_000 + 1 + self.below(DAYS) as i64;
        let mut place = self.below(HOURS.iter().sum());
        let mut hour = 0;
        while place >= HOURS[hour] {
            place -= HOURS[hour];
            hour += 1;
        }
        let second = hour as u64 * 3_600 + self.below(3_600);
        Timestamp::from_micros(day * 86_400_000_000)
            + Duration::from_micros(second * 1_000_000 + self.below(1_000_000))
    }
}

/// A chat that is still to be held or under way.
struct Chat {
    number: usize,
    visit: Visit,
    ending: Ending,
    /// What the visitor will do, a line for each thing: `> text` types, `# value` presses a button, `skip` skips.
    script: std::vec::IntoIter<String>,
    done: u32,
    /// When the visitor does the next thing.
    next: Timestamp,
    conversation: Option<Id<Conversation>>,
}

fn plan(dice: &mut Dice, place: usize, bot: &Chatbot, from: Timestamp) -> Vec<Chat> {
    let mut endings: Vec<_> =
        Ending::SHARES.iter().flat_map(|(ending, share)| std::iter::repeat_n(*ending, *share)).collect();
    dice.shuffle(&mut endings);
    let (mut complete, mut chats) = (0, Vec::new());
    for (index, ending) in endings.into_iter().enumerate() {
        complete += usize::from(ending == Ending::Complete);
        let is_complete = ending == Ending::Complete;
        let preview = is_complete && complete <= PREVIEWS;
        let twice = is_complete && (PREVIEWS + 1..=PREVIEWS + TWICE).contains(&complete);
        let number = place * CONVERSATIONS + index;
        let next = dice.instant(from);
        let script = scripts::script(dice, place, ending, twice, number, next).into_iter();
        let visit = visit(bot, number, preview);
        chats.push(Chat { number, visit, ending, script, done: 0, next, conversation: None });
    }
    chats
}

fn visit(bot: &Chatbot, number: usize, preview: bool) -> Visit {
    let mut token = [0xde; 32];
    token[..8].copy_from_slice(&(number as u64).to_le_bytes());
    Visit {
        public_key: bot.public_key.clone(),
        origin: if preview { crate::OWN_ORIGIN } else { ORIGIN }.into(),
        own_origin: preview,
        preview,
        draft: None,
        token: VisitorToken::from_bytes(&token),
        page_url: Some("https://www.example.com/offers".into()),
        variables: BTreeMap::new(),
    }
}

struct World {
    db: Db,
    clock: Arc<ManualClock>,
    dice: Dice,
}

impl World {
    async fn act<T: Send + 'static>(
        &self,
        body: impl Fn(&mut Tx<'_>) -> Result<T, AppError> + Send + 'static,
    ) -> T {
        // Of what is done at one instant nobody knows which was first.
        self.clock.advance(Duration::from_micros(1));
        self.db.write(body).await.expect("the use case succeeds")
    }

    /// Moves the clock to an instant, and on the way does what is due in conversations.
    async fn reach(&self, instant: Timestamp) {
        loop {
            let now = domain::Clock::now(&*self.clock);
            let step = (now + TICK).min(instant);
            self.clock.advance_to(step);
            for (account, id) in self.db.read(chat_clock::due).await.expect("the store answers") {
                self.act(move |tx| chat_clock::settle(tx, account, id)).await;
            }
            if step >= instant {
                return;
            }
        }
    }

    async fn play(&mut self, mut chats: Vec<Chat>, operator: Actor) {
        while let Some(place) =
            (0..chats.len()).min_by_key(|place| (chats[*place].next, chats[*place].number))
        {
            let mut chat = chats.swap_remove(place);
            self.reach(chat.next).await;
            if let Some(line) = chat.script.next() {
                self.say(&mut chat, &line, operator).await;
                chat.next =
                    domain::Clock::now(&*self.clock) + Duration::from_millis(5_000 + self.dice.below(85_000));
                chats.push(chat);
            } else if chat.ending == Ending::VisitorEnded {
                let visit = chat.visit.clone();
                self.act(move |tx| visits::end(tx, &visit, None)).await;
            }
        }
        // Until the last of them is idle.
        self.reach(domain::Clock::now(&*self.clock) + Duration::from_secs(3_600)).await;
    }

    /// The visitor does something; if it was the last thing and an operator is wanted, one is there.
    async fn say(&self, chat: &mut Chat, line: &str, operator: Actor) {
        let called = chat.ending == Ending::OperatorClosed && chat.script.len() == 0;
        if called {
            self.act(move |tx| departments::arrive(tx, &operator, Vec::new())).await;
        }
        let question = match line.starts_with('>') {
            true => 0,
            false => self.question(&chat.visit).await,
        };
        let what = match line.split_once(' ') {
            Some((">", text)) => What::Text(text.into()),
            Some(("#", value)) => What::Choice { value: value.into(), question },
            _ => What::Skip { question },
        };
        chat.done += 1;
        let said = Said { client_id: format!("{}-{}", chat.number, chat.done), what };
        let visit = chat.visit.clone();
        let update = self.act(move |tx| visits::hear(tx, &visit, &said, None)).await;
        chat.conversation = update.conversation.map(|it| it.id).or(chat.conversation);
        if called {
            let id = chat.conversation.expect("the visitor has said something");
            self.serve(id, operator).await;
        }
    }

    /// The number of what the visitor is asked at present.
    async fn question(&self, visit: &Visit) -> u32 {
        let visit = visit.clone();
        let update = self.db.read(move |tx| visits::look(tx, &visit, None)).await.expect("one may look");
        let ask = update.messages.iter().rev().find_map(|message| message.ask.as_deref());
        let ask: serde_json::Value =
            serde_json::from_str(ask.expect("something is asked")).expect("a question is JSON");
        ask["question"].as_u64().and_then(|it| it.try_into().ok()).expect("a question has a number")
    }

    /// The operator accepts, answers, goes and closes.
    async fn serve(&self, id: Id<Conversation>, operator: Actor) {
        self.clock.advance(Duration::from_secs(8));
        self.act(move |tx| operators::accept(tx, &operator, id)).await;
        self.act(move |tx| departments::leave(tx, &operator)).await;
        self.clock.advance(Duration::from_secs(20));
        self.act(move |tx| operators::reply(tx, &operator, id, "I will see to it.", None)).await;
        self.clock.advance(Duration::from_secs(15));
        self.act(move |tx| operators::close(tx, &operator, id)).await;
    }
}
