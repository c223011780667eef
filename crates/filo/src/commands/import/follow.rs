//! `filo import calls --follow`: growing logs are taken in as they are written, until somebody ends it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use filo_app::{App, FollowedPlace, Lines, Tally};
use filo_channel::Decode;

use super::{
    super::serve::asked_to_end,
    Run,
    tail::{Tail, Units},
};
use crate::{exit::Failure, wiring::Program};

/// Between two looks at logs that did not grow.
const PAUSE: Duration = Duration::from_millis(500);

/// The logs of one source.
pub(super) struct Following<'p> {
    pub(super) program: &'p Program,
    pub(super) app: &'p App,
    pub(super) source: &'p str,
    pub(super) format: (String, Arc<dyn Decode>),
}

impl Following<'_> {
    /// Follows until Ctrl-C or a termination signal; what was read by then is in.
    pub(super) async fn follow(&self, files: &[PathBuf], run: &mut Run) -> Result<(), Failure> {
        if files.iter().any(|file| file == Path::new("-")) {
            return Err(Failure::Usage("a pipe cannot be followed: import it without --follow".to_owned()));
        }
        if self.format.1.in_parts().is_none_or(|parts| parts.holds_back()) {
            return Err(Failure::Usage(format!("{} cannot be followed: import whole files", self.format.0)));
        }
        let mut tails = Vec::with_capacity(files.len());
        for file in files {
            tails.push(self.resume(file, run).await?);
        }
        let mut end = std::pin::pin!(asked_to_end());
        loop {
            let mut grew = false;
            for (path, tail) in &mut tails {
                grew |= self.take_in(path, tail, run).await?;
            }
            let pause = if grew { Duration::ZERO } else { PAUSE };
            tokio::select! {
                biased;
                () = &mut end => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn resume(&self, file: &Path, run: &mut Run) -> Result<(String, Tail<'_>), Failure> {
        let path = std::path::absolute(file)
            .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?;
        let name = path.display().to_string();
        let left: Option<FollowedPlace> = self.app.followed(self.source, &name).await?;
        let (tail, missing) = Tail::resume(path, &*self.format.1, left.as_ref());
        if let Some(missing) = missing {
            run.problem(&missing);
        }
        if let (None, Some(place)) = (&left, tail.place()) {
            self.keep(&name, vec![], place).await?;
        }
        Ok((name, tail))
    }

    /// Takes in what a log has grown by; whether it had.
    async fn take_in(&self, path: &str, tail: &mut Tail<'_>, run: &mut Run) -> Result<bool, Failure> {
        let units = match tail.read() {
            Ok(Some(units)) => units,
            Ok(None) => return Ok(false),
            Err(error) => {
                // It may be readable again at the next look.
                let trouble = format!("{path}: {error}");
                if tail.is_news(&trouble) {
                    run.problem(&trouble);
                }
                return Ok(false);
            }
        };
        let Some(place) = tail.place() else { return Ok(false) };
        run.tally.add(&self.keep(path, units, place).await?);
        Ok(true)
    }

    async fn keep(&self, path: &str, units: Units, place: FollowedPlace) -> Result<Tally, Failure> {
        let (source, format) = (self.source.to_owned(), self.format.0.clone());
        let lines = Lines { source, path: path.to_owned(), format, units, place };
        Ok(self.app.take_in_lines(lines, self.program.clock.now()).await?)
    }
}
