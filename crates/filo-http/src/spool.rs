//! A body that must be read twice and is too long for memory: put into a file without a name, then read again.

use std::{io::SeekFrom, path::Path, pin::Pin};

use actix_web::{
    dev::Payload,
    error::PayloadError,
    web::{Bytes, BytesMut},
};
use futures_util::{Stream, StreamExt, stream};
use sha2::{Digest, Sha256};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};

use crate::problem::Problem;

/// How much is in memory at once.
const CHUNK: usize = 64 * 1024;

/// Reads a body to its end; gives the same body again, with the SHA-256 of it.
pub(crate) async fn spooled(
    mut payload: Payload,
    folder: &Path,
    limit: u64,
    hash: &mut Sha256,
) -> Result<Payload, Problem> {
    tokio::fs::create_dir_all(folder).await.map_err(no_place)?;
    let mut file = File::from_std(tempfile::tempfile_in(folder).map_err(no_place)?);
    let mut size = 0_u64;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Problem::bad_request(format!("the body ended early: {error}")))?;
        size = size.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if size > limit {
            return Err(Problem::too_large(usize::try_from(limit).unwrap_or(usize::MAX)));
        }
        hash.update(&chunk);
        file.write_all(&chunk).await.map_err(no_place)?;
    }
    file.flush().await.map_err(no_place)?;
    file.seek(SeekFrom::Start(0)).await.map_err(no_place)?;
    Ok(Payload::Stream { payload: again(file) })
}

fn again(file: File) -> Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> {
    Box::pin(stream::try_unfold(file, |mut file| async move {
        let mut part = BytesMut::with_capacity(CHUNK);
        let read = file.read_buf(&mut part).await?;
        Ok(if read == 0 { None } else { Some((part.freeze(), file)) })
    }))
}

fn no_place(error: std::io::Error) -> Problem {
    filo_app::AppError::internal("a body cannot be put aside", error).into()
}
