//! A folder that is there as long as somebody holds it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use domain::Random;
use domain::account::hex;

/// A temporary folder that only its owner can enter; removed with all in it when this is dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one where the system keeps temporary files; `name` is for people who find it there.
    pub fn new(name: &str, random: &dyn Random) -> anyhow::Result<Self> {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        let path = std::env::temp_dir().join(format!("{name}-{}", hex(&bytes)));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&path)
            .with_context(|| format!("cannot make the temporary folder {}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays for the system to clean up; there is nobody left to tell.
        let _ = fs::remove_dir_all(&self.0);
    }
}
