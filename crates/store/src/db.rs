//! Opening a store, and running transactions on it.

use std::{
    fmt,
    fs::{self, File},
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, mpsc::Sender},
    thread::available_parallelism,
};

use domain::Ambient;

use crate::{
    StoreError, Subscription, Tx, migrate, postgres,
    postgres::Postgres,
    signal::Bus,
    sql::sql,
    sqlite::{self, Role, Sqlite, Synchronous, with_suffix},
    tx::Surroundings,
    value::args,
    vault::{KeyFile, Vault, sync_folder},
    worker::{Engine, Intake, Queue, spawn},
};

sql! {
    KEY_CHECK = "select sealed from key_check where id = 1";
    // Leave the table as it was, and yet change a page, which the commit has to write.
    PROBE = "insert into key_check (id, sealed) values (0, '') on conflict do nothing";
    END_PROBE = "delete from key_check where id = 0";
    INSERT_KEY_CHECK = "insert into key_check (id, sealed) values (1, $1) on conflict do nothing";
}

/// Where a store is.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `sqlite:PATH`: one file, embedded.
    Sqlite(PathBuf),
    /// `postgres://…`: a server, for several nodes.
    Postgres(String),
}

impl FromStr for StoreUrl {
    type Err = StoreError;
    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(StoreUrl::Sqlite(path.into())),
            Some(("postgres" | "postgresql", _)) => Ok(StoreUrl::Postgres(text.to_owned())),
            // Without the text, which may hold a password.
            _ => Err(StoreError::Refused(
                "a store is written sqlite:PATH or postgres://USER@HOST/DATABASE".into(),
            )),
        }
    }
}

impl fmt::Display for StoreUrl {
    /// Without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreUrl::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            StoreUrl::Postgres(url) => f.write_str(&postgres::place(url)),
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How to open a store.
#[derive(Clone)]
pub struct OpenOptions {
    /// Time and randomness.
    pub ambient: Ambient,
    /// Where the encryption key lies. None: beside an SQLite file, as `PATH.key`.
    pub key_file: Option<PathBuf>,
    /// Whether nobody else may serve the same SQLite file (`PATH.lock`). PostgreSQL nodes share by leases.
    pub exclusive: bool,
    /// Whether to create what is missing and migrate what is old; otherwise both are errors.
    pub migrate: bool,
    /// How many connections write to PostgreSQL, and how many read.
    pub connections: usize,
    /// SQLite: whether commits wait for the disk.
    pub synchronous: Synchronous,
}

/// A store. Clones are the same store; it closes when the last one is dropped.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    url: StoreUrl,
    key_file: PathBuf,
    ambient: Ambient,
    writers: Queue,
    readers: Queue,
    bus: Bus,
    /// Held, not read: the lock of a serving process, and what keeps the checkpoint thread going.
    lock: Option<File>,
    _checkpoints: Option<Arc<Sender<()>>>,
}

/// At most so many pieces of work share one commit.
const SQLITE_BATCH: usize = 512;
/// Smaller for PostgreSQL, where several connections share the waiting work.
const POSTGRES_BATCH: usize = 64;

impl Db {
    /// Opens the store at `url`. Errors are [`StoreError::Refused`] with a sentence that says what to do.
    pub async fn open(url: &StoreUrl, options: OpenOptions) -> Result<Db, StoreError> {
        let url = url.clone();
        let open = move || match &url {
            StoreUrl::Sqlite(path) => open_sqlite(path, url.clone(), &options),
            StoreUrl::Postgres(address) => open_postgres(address, url.clone(), &options),
        };
        tokio::task::spawn_blocking(open).await.unwrap_or(Err(StoreError::Panicked))
    }

    /// Runs `body` in one transaction that may write, and commits if it answers Ok.
    ///
    /// When this returns, what was written is on disk. `body` may run more than once; only its last run counts, so it
    /// changes nothing but the transaction.
    pub async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.0.writers.run(body, false).await
    }

    /// The same for what can wait: results and upkeep. It goes behind what [`Db::write`] was asked for.
    pub async fn write_behind<T, E, F>(&self, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.0.writers.run(body, true).await
    }

    /// Runs `body` in one transaction that sees one state of the store and cannot write.
    pub async fn read<T, E, F>(&self, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.0.readers.run(body, false).await
    }

    /// Whether the store keeps what is written. Known from the last write; if that failed, found out by another, for
    /// nobody may be asking for any more.
    pub async fn takes_writes(&self) -> bool {
        let probe = |tx: &mut Tx<'_>| {
            tx.execute(&PROBE, args![])?;
            tx.execute(&END_PROBE, args![])
        };
        self.0.writers.is_sound() || self.write(probe).await.is_ok()
    }

    /// Listens to what commits of this process change, from now on.
    pub fn subscribe(&self) -> Subscription {
        self.0.bus.subscribe()
    }

    /// The time and randomness of this store.
    pub fn ambient(&self) -> &Ambient {
        &self.0.ambient
    }

    /// Where this store is.
    pub fn url(&self) -> &StoreUrl {
        &self.0.url
    }

    /// Whether this process is the only one that can serve the store, so that it need not share its shards.
    pub fn is_exclusive(&self) -> bool {
        self.0.lock.is_some()
    }

    /// Writes a consistent copy of an SQLite store to `file` and of its key to `file.key`, while others go on writing.
    /// Both names are answered.
    pub async fn backup_to(&self, file: &Path) -> Result<[PathBuf; 2], StoreError> {
        let StoreUrl::Sqlite(path) = self.0.url.clone() else {
            return Err(StoreError::Refused(format!(
                "a PostgreSQL store is backed up with pg_dump; keep a copy of {} with it, without which secrets cannot be read",
                self.0.key_file.display()
            )));
        };
        let (to, key_file) = (file.to_owned(), self.0.key_file.clone());
        let copy = move || copy_sqlite(&path, &key_file, &to);
        tokio::task::spawn_blocking(copy).await.unwrap_or(Err(StoreError::Panicked))
    }

    /// Looks for damage: every statement is prepared, and an SQLite file checked, wholly if `deep`.
    pub async fn check(&self, deep: bool) -> Result<StoreReport, StoreError> {
        let mut unpreparable = Vec::new();
        for sql in crate::statements() {
            // Each in a transaction of its own: on PostgreSQL the first that fails would fail all after it.
            unpreparable.extend(self.read(|tx| Ok::<_, StoreError>(tx.unpreparable(sql))).await?);
        }
        let url = self.0.url.clone();
        let look = move || match &url {
            StoreUrl::Sqlite(path) => look_at_sqlite(path, deep),
            StoreUrl::Postgres(address) => look_at_postgres(address),
        };
        let mut report = tokio::task::spawn_blocking(look).await.unwrap_or(Err(StoreError::Panicked))?;
        report.problems.extend(unpreparable);
        Ok(report)
    }
}

/// What a check of the store found.
#[derive(Clone, Debug)]
pub struct StoreReport {
    /// Name and version of the engine.
    pub engine: String,
    /// The newest migration applied.
    pub schema_version: i64,
    /// What is wrong, in words; empty is good.
    pub problems: Vec<String>,
}

fn open_sqlite(path: &Path, url: StoreUrl, options: &OpenOptions) -> Result<Db, StoreError> {
    if !options.migrate && !path.exists() {
        return Err(StoreError::Refused(format!("there is no store at {}", path.display())));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_folder(folder)?;
    }
    let lock = options.exclusive.then(|| lock(path)).transpose()?;
    let key_path = options.key_file.clone().unwrap_or_else(|| with_suffix(path, ".key"));
    let key = KeyFile::open(&key_path, &*options.ambient.random)?;
    sqlite::private_file(path)
        .map_err(|e| StoreError::Refused(format!("{} cannot be opened: {e}", path.display())))?;
    let mut connection = sqlite::connect(path)?;
    if options.migrate {
        migrate::sqlite(&mut connection)?;
    } else {
        let version = connection.query_row(SCHEMA_VERSION, [], |row| row.get(0));
        migrate::check(version.map_err(sqlite::failed))?;
    }
    if options.exclusive {
        start_with_an_empty_log(&connection)?;
    }
    drop(connection);
    let mut writer = Sqlite::open(path, Role::Writer(options.synchronous))?;
    let vault = check_key(&mut writer, key, &key_path, &options.ambient)?;

    let ((writers, write_intake), (readers, read_intake)) = (Queue::new(), Queue::new());
    let bus = Bus::new();
    let surroundings = || Surroundings::new(options.ambient.clone(), vault.clone());
    spawn("store-writer", write_intake, writer, surroundings(), bus.clone(), SQLITE_BATCH)?;
    for _ in 0..available_parallelism().map_or(2, usize::from) {
        let reader = Sqlite::open(path, Role::Reader)?;
        spawn("store-reader", read_intake.clone(), reader, surroundings(), bus.clone(), 1)?;
    }
    let checkpoints = Some(sqlite::start_checkpoints(path)?);
    let ambient = options.ambient.clone();
    Ok(Db(Arc::new(Inner {
        url,
        key_file: key_path,
        ambient,
        writers,
        readers,
        bus,
        lock,
        _checkpoints: checkpoints,
    })))
}

/// The log may hold what a former process wrote and could not sync. It reads well, from memory, but may not be on disk,
/// and behind a gap on disk nothing that is stored later would be found again: docs/decisions/0007.
fn start_with_an_empty_log(connection: &rusqlite::Connection) -> Result<(), StoreError> {
    match sqlite::empty_log(connection) {
        Ok(true) => {}
        Ok(false) => {
            tracing::warn!("another process uses the store, so that its log could not be begun anew");
        }
        // It does not take writes then, but what is there can be read and delivered.
        Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) => {
            tracing::warn!("the disk is full, so that the store's log could not be begun anew");
        }
        Err(e) => {
            let message = format!("the store's log could not be brought into its file: {e}");
            return Err(StoreError::Refused(message));
        }
    }
    Ok(())
}

fn open_postgres(address: &str, url: StoreUrl, options: &OpenOptions) -> Result<Db, StoreError> {
    let key_path = options.key_file.clone().ok_or_else(|| {
        StoreError::Refused(
            "a PostgreSQL store needs to know where its encryption key lies: set secrets.key_file".into(),
        )
    })?;
    if let Some(folder) = key_path.parent() {
        private_folder(folder)?;
    }
    let config = postgres::config(address)?;
    let key = KeyFile::open(&key_path, &*options.ambient.random)?;
    postgres::with_connection(&config, async |client| {
        if options.migrate {
            return migrate::postgres(client).await.map(drop);
        }
        let version = client.query_one(SCHEMA_VERSION, &[]).await;
        migrate::check(version.map(|row| row.get(0)).map_err(|e| postgres::failed(&e)))
    })?;
    let vault = check_key(&mut Postgres::open(config.clone(), "begin")?, key, &key_path, &options.ambient)?;

    let bus = Bus::new();
    let start = |name, begin, batch| {
        let (queue, intake): (Queue, Intake) = Queue::new();
        for _ in 0..options.connections.max(1) {
            let connection = Postgres::open(config.clone(), begin)?;
            let surroundings = Surroundings::new(options.ambient.clone(), vault.clone());
            spawn(name, intake.clone(), connection, surroundings, bus.clone(), batch)?;
        }
        Ok::<_, StoreError>(queue)
    };
    let writers = start("store-writer", "begin", POSTGRES_BATCH)?;
    let readers = start("store-reader", "begin isolation level repeatable read read only", 1)?;
    let ambient = options.ambient.clone();
    Ok(Db(Arc::new(Inner {
        url,
        key_file: key_path,
        ambient,
        writers,
        readers,
        bus: bus.clone(),
        lock: None,
        _checkpoints: None,
    })))
}

/// Makes a folder, which only its owner can look into, if it is not there.
fn private_folder(folder: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(folder);
    made.map_err(|e| StoreError::Refused(format!("{} cannot be created: {e}", folder.display())))
}

fn lock(path: &Path) -> Result<File, StoreError> {
    // SQLite follows links, so that two paths may mean one store.
    let real = path.canonicalize();
    let lock_path = with_suffix(real.as_deref().unwrap_or(path), ".lock");
    let file = File::create(&lock_path)
        .map_err(|e| StoreError::Refused(format!("{} cannot be created: {e}", lock_path.display())))?;
    file.try_lock().map_err(|_| {
        StoreError::Refused(format!(
            "another process serves {} already ({} is locked); stop it first, or give this one a store of its own",
            path.display(),
            lock_path.display()
        ))
    })?;
    Ok(file)
}

/// Makes sure that the key is the one that the store's secrets were encrypted with.
fn check_key(
    engine: &mut impl Engine,
    mut key: KeyFile,
    key_path: &Path,
    ambient: &Ambient,
) -> Result<Vault, StoreError> {
    const PLACE: &str = "key_check";
    let vault = key.vault();
    engine.begin()?;
    let mut row = engine.query(&KEY_CHECK, args![])?.into_iter().next();
    if row.is_none() {
        engine.execute(&INSERT_KEY_CHECK, args![vault.seal(PLACE, "leadpost", &*ambient.random)])?;
        row = engine.query(&KEY_CHECK, args![])?.into_iter().next();
    }
    let sealed: Option<String> = row.map(|mut row| row.take()).transpose()?;
    let path = key_path.display();
    if sealed.is_some_and(|sealed| vault.open(PLACE, &sealed).is_some()) {
        // Even if the commit fails, for then it may or may not be stored.
        key.keep();
        engine.commit()?;
        return Ok(vault);
    }
    engine.rollback();
    Err(StoreError::Refused(if key.is_new() {
        format!(
            "the store holds secrets, but its key file {path} is missing; put the one back that belongs to it"
        )
    } else {
        format!(
            "the key file {path} is not the one that this store's secrets were encrypted with; put the right one back"
        )
    }))
}

fn copy_sqlite(path: &Path, key_file: &Path, to: &Path) -> Result<[PathBuf; 2], StoreError> {
    let key_to = with_suffix(to, ".key");
    let refused = |e: std::io::Error| StoreError::Refused(format!("the backup cannot be written: {e}"));
    for name in [to, &key_to] {
        if name.exists() {
            return Err(StoreError::Refused(format!(
                "{} exists already; a backup never overwrites",
                name.display()
            )));
        }
    }
    let part = with_suffix(to, ".part");
    let _ = fs::remove_file(&part);
    sqlite::private_file(&part).map_err(refused)?;
    let name = part.to_str().ok_or_else(|| StoreError::Refused("the backup's name must be UTF-8".into()))?;
    sqlite::connect(path)?.execute("vacuum into ?1", [name]).map_err(sqlite::failed)?;
    // Copying keeps the permissions: nobody but the owner can read the key.
    fs::copy(key_file, &key_to).and_then(|_| File::open(&key_to)?.sync_all()).map_err(refused)?;
    File::open(&part).and_then(|file| file.sync_all()).map_err(refused)?;
    fs::rename(&part, to).and_then(|()| sync_folder(to)).map_err(refused)?;
    Ok([to.to_owned(), key_to])
}

const SCHEMA_VERSION: &str = "select cast(max(version) as bigint) from refinery_schema_history";

fn look_at_sqlite(path: &Path, deep: bool) -> Result<StoreReport, StoreError> {
    let connection = sqlite::connect(path)?;
    let pragma = if deep { "pragma integrity_check" } else { "pragma quick_check" };
    let lines = connection.prepare(pragma).and_then(|mut check| {
        check.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()
    });
    let schema_version =
        connection.query_row(SCHEMA_VERSION, [], |row| row.get(0)).map_err(sqlite::failed)?;
    let problems = lines.map_err(sqlite::failed)?.into_iter().filter(|line| line != "ok").collect();
    Ok(StoreReport { engine: format!("SQLite {}", rusqlite::version()), schema_version, problems })
}

fn look_at_postgres(address: &str) -> Result<StoreReport, StoreError> {
    postgres::with_connection(&postgres::config(address)?, async |client| {
        let query = async |sql| client.query_one(sql, &[]).await.map_err(|e| postgres::failed(&e));
        let version: String = query("select version()").await?.get(0);
        let schema_version = query(SCHEMA_VERSION).await?.get(0);
        Ok(StoreReport { engine: version, schema_version, problems: Vec::new() })
    })
}
