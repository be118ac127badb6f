//! Secrets at rest: XChaCha20-Poly1305 with one key for the store, kept in a file beside it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use domain::Random;

use crate::StoreError;

/// Encrypts what the store must give back in clear. What is sealed for one place cannot be opened at another.
#[derive(Clone)]
pub(crate) struct Vault(XChaCha20Poly1305);

/// The length of a nonce; random ones are safe at this size.
const NONCE: usize = 24;

impl Vault {
    fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(&(*key).into()))
    }

    /// `text` encrypted for `place`, e.g. an account, a webhook and a version.
    pub(crate) fn seal(&self, place: &str, text: &str, random: &dyn Random) -> String {
        let mut nonce = [0; NONCE];
        random.fill(&mut nonce);
        let payload = Payload { msg: text.as_bytes(), aad: place.as_bytes() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload).expect("texts are shorter than 256 GiB");
        STANDARD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// The text again; None if it was sealed with another key or for another place, or was changed.
    pub(crate) fn open(&self, place: &str, sealed: &str) -> Option<String> {
        let bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let nonce = XNonce::try_from(nonce).ok()?;
        let text = self.0.decrypt(&nonce, Payload { msg: sealed, aad: place.as_bytes() }).ok()?;
        String::from_utf8(text).ok()
    }
}

/// The key file, locked for as long as this lives: whoever opens a store first also creates and migrates it,
/// and everybody else waits until that is done.
pub(crate) struct KeyFile {
    /// Held, not read: closing it ends the lock.
    _file: File,
    path: PathBuf,
    vault: Vault,
    /// Whether it was made just now and no store needs it yet.
    new: bool,
}

impl KeyFile {
    /// Reads the key at `path`, or makes one if there is none.
    pub(crate) fn open(path: &Path, random: &dyn Random) -> Result<Self, StoreError> {
        let refused = |what: &str, error: &dyn std::fmt::Display| {
            StoreError::Refused(format!("the key file {} {what}: {error}", path.display()))
        };
        let mut file = loop {
            let file = open(path).map_err(|e| refused("cannot be opened", &e))?;
            let file = lock(file, path).map_err(|e| refused("cannot be locked", &e))?;
            // Whoever had the lock before may have removed the file, and then a key written to it would be lost.
            if is_at(&file, path) {
                break file;
            }
        };
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|e| refused("cannot be read", &e))?;
        let new = text.is_empty();
        let mut key = [0; 32];
        if new {
            random.fill(&mut key);
            let line = format!("{}\n", STANDARD.encode(key));
            write(path, &line).map_err(|e| refused("cannot be written", &e))?;
        } else {
            let bytes = STANDARD.decode(text.trim()).unwrap_or_default();
            key = bytes.try_into().map_err(|_| refused("is damaged", &"it must hold 32 bytes in base64"))?;
        }
        Ok(Self { _file: file, path: path.to_owned(), vault: Vault::new(&key), new })
    }

    pub(crate) fn vault(&self) -> Vault {
        self.vault.clone()
    }

    /// Whether it was made just now, so that a store which holds secrets already cannot be its own.
    pub(crate) fn is_new(&self) -> bool {
        self.new
    }

    /// From now on the store needs it.
    pub(crate) fn keep(&mut self) {
        self.new = false;
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        if self.new {
            // A key that no store needs would only hide that the right one is missing.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens the file to read it, which may be all that is allowed, as with a secret that is mounted; makes an empty one if
/// there is none.
fn open(path: &Path) -> io::Result<File> {
    match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(path)
        }
        opened => opened,
    }
}

/// The file, locked. Some network file systems lock only what is open for writing.
fn lock(file: File, path: &Path) -> io::Result<File> {
    if file.lock().is_ok() {
        return Ok(file);
    }
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    file.lock()?;
    Ok(file)
}

/// Writes a new key; whoever does holds the lock.
fn write(path: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()?;
    sync_folder(path)
}

/// Whether `path` still names the file that was opened there.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |it: fs::Metadata| (it.dev(), it.ino());
    let opened = file.metadata().map(place).ok();
    opened.is_some() && opened == fs::metadata(path).map(place).ok()
}

/// An open file cannot be removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// Makes a file's name survive a power cut, which syncing the file alone does not.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;
    impl Random for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn what_is_sealed_opens_only_with_its_key_at_its_place() {
        let vault = Vault::new(&[1; 32]);
        let sealed = vault.seal("a/1", "whsec_x", &Zeros);
        assert!(!sealed.contains("whsec"));
        assert_eq!(vault.open("a/1", &sealed).as_deref(), Some("whsec_x"));
        assert_eq!(vault.open("a/2", &sealed), None);
        assert_eq!(Vault::new(&[2; 32]).open("a/1", &sealed), None);
        assert_eq!(vault.open("a/1", &sealed.replace('A', "B")), None);
        assert_eq!(vault.open("a/1", ""), None);
    }
}
