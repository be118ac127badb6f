//! A disk that can lose its power or be filled up: an ext4 file system in an image file in memory, mounted by a loop
//! device.
//!
//! What was written but not synced waits in the file system's own cache, and the image does not have it: a copy of the
//! image is what a loss of power leaves. This knows nothing of the product.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
    time::{Duration, Instant},
};

use suite::store::skipped;
use tempfile::TempDir;
use tokio::{process::Command, time::sleep};

use crate::child::POLL;

/// A file system in memory, big enough for images.
const MEMORY: &str = "/dev/shm";
/// Whoever was killed has let go of its files by then.
const PATIENCE: Duration = Duration::from_secs(10);

/// A mounted image. Dropping it unmounts and deletes it.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Makes one. None, and a loud line about what was not seen, where it cannot be made.
    pub async fn make(megabytes: u32, unseen: &str) -> Option<Self> {
        let made = Self::try_make(megabytes).await;
        made.map_err(|why| skipped("disk", &format!("no image can be mounted here ({why}); {unseen}"))).ok()
    }

    async fn try_make(megabytes: u32) -> Result<Self, String> {
        let folder = TempDir::new_in(MEMORY).map_err(|error| format!("{MEMORY}: {error}"))?;
        let disk = Self { folder };
        fs::create_dir(disk.path()).map_err(|error| error.to_string())?;
        let image = disk.image();
        let file = File::create(&image).and_then(|file| file.set_len(u64::from(megabytes) << 20));
        file.map_err(|error| error.to_string())?;
        let now = "lazy_itable_init=0,lazy_journal_init=0";
        tool(
            "mkfs.ext4",
            &[Path::new("-q"), "-m".as_ref(), "0".as_ref(), "-E".as_ref(), now.as_ref(), &image],
        )
        .await?;
        disk.mount().await?;
        Ok(disk)
    }

    /// The folder that it is mounted on.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    /// Its file system writes nothing by itself for ten minutes, so that it holds only what was synced.
    async fn mount(&self) -> Result<(), String> {
        let options = "loop,commit=600,noatime";
        tool("mount", &["-o".as_ref(), options.as_ref(), &self.image(), &self.path()]).await
    }

    /// Writes back everything that waits.
    pub async fn sync(&self) {
        tool("sync", &["-f".as_ref(), &self.path()]).await.expect("a file system can be synced");
    }

    /// What a loss of power would leave now. Whoever uses the disk must be stopped, or the copy would be of no one
    /// instant; what the kernel writes by itself meanwhile is found by copying twice.
    pub fn remains(&self) -> Vec<u8> {
        let read = || fs::read(self.image()).expect("the image can be read");
        let mut last = read();
        loop {
            let next = read();
            if next == last {
                return last;
            }
            last = next;
        }
    }

    /// Mounts what a loss of power has left. Nobody uses the disk any more.
    pub async fn lose_power(&self, remains: &[u8]) {
        let began = Instant::now();
        while let Err(why) = tool("umount", &[&self.path()]).await {
            assert!(began.elapsed() < PATIENCE, "{why}");
            sleep(POLL).await;
        }
        // Another file, lest the kernel take the old one's device for it while that is being closed.
        fs::remove_file(self.image()).expect("an unmounted image can be deleted");
        fs::write(self.image(), remains).expect("the copy can be written");
        self.mount().await.expect("what a loss of power leaves can be mounted");
    }

    /// Leaves no room on it.
    pub fn fill(&self) {
        let mut file = File::create(self.filler()).expect("a file can be made");
        for size in [1 << 20, 1 << 12, 1] {
            let zeros = vec![0; size];
            let full = loop {
                if let Err(error) = file.write_all(&zeros) {
                    break error;
                }
            };
            // Its room is taken already, but the file system may find that it needs less.
            file.sync_data().expect("what was written has its room");
            assert_eq!(full.kind(), io::ErrorKind::StorageFull, "{full}");
        }
    }

    /// Gives back what [`Disk::fill`] took.
    pub fn free(&self) {
        fs::remove_file(self.filler()).expect("the filler was made");
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, for after a failure somebody may still be using it.
        let _ = process::Command::new("umount").args(["-q", "-l"]).arg(self.path()).status();
    }
}

async fn tool(name: &str, args: &[&Path]) -> Result<(), String> {
    let output = Command::new(name).args(args).output().await.map_err(|error| format!("{name}: {error}"))?;
    let said = || format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim());
    if output.status.success() { Ok(()) } else { Err(said()) }
}
