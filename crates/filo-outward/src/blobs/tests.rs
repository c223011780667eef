//! The same promises on a folder and, beside a server named by `FILO_TEST_S3`, on a bucket.

use filo_app::attachments::blob::{content, whole};
use futures_util::stream;

use super::*;

const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

async fn keeps_its_promises(blobs: &Blobs) {
    let read = async |range| whole(blobs.get(Area::Live, DIGEST, range).await?).await;
    assert!(matches!(read(None).await, Err(BlobError::Missing(digest)) if digest == DIGEST));
    assert!(!blobs.has(Area::Live, DIGEST).await.unwrap());
    for _twice in 0..2 {
        blobs.put(Area::Live, DIGEST, content("abcdefghij")).await.unwrap();
    }
    assert_eq!(read(None).await.unwrap(), b"abcdefghij");
    assert_eq!(read(Some(2..5)).await.unwrap(), b"cde");
    assert_eq!(read(Some(3..3)).await.unwrap(), b"");
    let listed = blobs.list(Area::Live).await.unwrap();
    assert_eq!(listed.iter().map(|kept| kept.sha256.as_str()).collect::<Vec<_>>(), [DIGEST]);
    assert!(listed[0].put_at > Instant::parse("2020-01-01T00:00:00Z").unwrap());

    for _twice in 0..2 {
        blobs.shift(Area::Live, Area::Quarantine, DIGEST).await.unwrap();
    }
    assert!(matches!(read(None).await, Err(BlobError::Missing(_))));
    assert!(blobs.has(Area::Quarantine, DIGEST).await.unwrap());
    for _twice in 0..2 {
        blobs.remove(Area::Quarantine, DIGEST).await.unwrap();
    }
    assert!(blobs.list(Area::Quarantine).await.unwrap().is_empty());
    let gone = blobs.shift(Area::Quarantine, Area::Live, DIGEST).await;
    assert!(matches!(gone, Err(BlobError::Missing(_))), "{gone:?}");

    let part = Bytes::from(vec![7_u8; 1_000_000]);
    let parts = stream::iter(0..20).map(move |_| Ok(part.clone()));
    blobs.put(Area::Live, DIGEST, Box::pin(parts)).await.unwrap();
    assert_eq!(read(None).await.unwrap().len(), 20_000_000);
    assert_eq!(read(Some(19_999_990..20_000_000)).await.unwrap(), [7; 10]);
    blobs.remove(Area::Live, DIGEST).await.unwrap();

    let part = Bytes::from(vec![7_u8; 9_000_000]);
    let cut_off = stream::iter([Ok(part), Err(BlobError::Away("cut off".to_owned()))]);
    assert!(blobs.put(Area::Live, DIGEST, Box::pin(cut_off)).await.is_err());
    assert!(!blobs.has(Area::Live, DIGEST).await.unwrap(), "what was cut off is not there");
    assert!(blobs.list(Area::Live).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_folder_keeps_contents_whole() {
    let folder = tempfile::tempdir().unwrap();
    keeps_its_promises(&Blobs::folder(&folder.path().join("attachments")).unwrap()).await;
}

/// `http://host:port/bucket` of a server that takes any key, as `scripts/with-moto` starts one.
#[expect(clippy::disallowed_methods, reason = "the test server is named by the script that starts it")]
fn test_bucket() -> Option<Bucket> {
    let place = std::env::var("FILO_TEST_S3").ok()?;
    let (endpoint, name) = place.rsplit_once('/')?;
    Some(Bucket {
        url: format!("s3://{name}/some/prefix"),
        endpoint: Some(endpoint.to_owned()),
        region: None,
        access_key_id: Some("test".to_owned()),
        secret_access_key: Some("test".to_owned()),
    })
}

#[tokio::test]
async fn a_bucket_keeps_contents_whole() {
    match test_bucket() {
        Some(bucket) => keeps_its_promises(&Blobs::bucket(&bucket).unwrap()).await,
        None => eprintln!("not checked: FILO_TEST_S3 names no S3 server (scripts/with-moto starts one)"),
    }
}

#[test]
fn an_address_that_is_no_bucket_is_refused() {
    for url in ["", "s3://", "http://x/y", "s3:///x"] {
        let bucket = Bucket {
            url: url.to_owned(),
            endpoint: None,
            region: None,
            access_key_id: None,
            secret_access_key: None,
        };
        assert!(Blobs::bucket(&bucket).is_err(), "{url}");
    }
}
