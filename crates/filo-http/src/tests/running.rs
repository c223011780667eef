//! The server itself, on ports of its own.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
};

use super::TestApp;
use crate::start;

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: filo.test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_answers_on_any_port_and_stops_when_told() {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let app = TestApp::with(|settings| settings.metrics_bind = Some(loopback)).await;
    let running = start(TcpListener::bind(loopback).unwrap(), app.state.clone()).unwrap();
    let (address, metrics, handle) = (running.address, running.metrics_address.unwrap(), running.handle());
    let server = tokio::spawn(running.run());
    let answers = tokio::task::spawn_blocking(move || {
        [get(address, "/status"), get(address, "/metrics"), get(metrics, "/metrics")]
    });
    let [status, hidden, shown] = answers.await.unwrap();
    assert!(status.starts_with("HTTP/1.1 200"), "{status}");
    assert!(hidden.starts_with("HTTP/1.1 404"), "{hidden}");
    assert!(shown.contains("filo_http_answers_total{class=\"2xx\"} 1"), "{shown}");
    handle.stop(true).await;
    server.await.unwrap().unwrap();
}
