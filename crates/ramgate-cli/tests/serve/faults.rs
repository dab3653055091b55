//! What goes wrong on the way: bodies without end, connections that break, too much at once.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::point::{ALLOW, Over, Place, request, rest, until};

#[test]
pub(crate) fn a_body_that_is_too_large() {
    let point = Place::with_snapshot(ALLOW).serve(&[]);
    let large = vec![b' '; 50_000_000];
    let answer = point.post("/v1/check", &large);
    assert_eq!(answer.status, 413);
    assert_eq!(
        answer.json()["error"],
        "the body is larger than 1048576 bytes"
    );
    // The same without a length that is told beforehand.
    let mut stream = point.connect();
    stream
        .write_all(b"POST /v1/check HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        .unwrap();
    let chunk = [&b"100000\r\n"[..], &[b' '; 1 << 20], b"\r\n"].concat();
    stream.write_all(&chunk).unwrap();
    stream.write_all(&chunk).unwrap();
    stream.write_all(b"0\r\n\r\n").unwrap();
    let answer = rest(stream);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    // One of exactly the size is read.
    let fits = format!(
        "{}{}",
        request(),
        " ".repeat((1 << 20) - request().to_string().len())
    );
    assert_eq!(point.post("/v1/check", fits).status, 200);
}

#[test]
pub(crate) fn a_body_that_does_not_arrive() {
    let point = Place::with_snapshot(ALLOW).serve(&["--request-timeout", "100ms"]);
    let started = Instant::now();
    let answer = point.raw(b"POST /v1/check HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(30));
    assert_eq!(point.metric("ramgate_errors_total{kind=\"timeout\"}"), 1.0);
}

#[test]
pub(crate) fn a_body_that_is_cut_and_a_client_that_leaves() {
    let point = Place::with_snapshot(ALLOW).serve(&[]);
    let mut stream = point.connect();
    stream
        .write_all(b"POST /v1/check HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{\"action\"")
        .unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let answer = rest(stream);
    assert!(!answer.contains("200 OK"), "{answer}");
    let broken = point
        .raw(b"POST /v1/check HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n");
    assert!(broken.starts_with("HTTP/1.1 400 "), "{broken}");
    for _ in 0..20 {
        let mut stream = point.connect();
        stream
            .write_all(b"POST /v1/check HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
            .unwrap();
    }
    until("nothing in flight", || {
        point.metric("ramgate_requests_in_flight") == 0.0
    });
    assert_eq!(point.decision(), "Allow");
}

#[test]
pub(crate) fn heads_that_are_none() {
    let point = Place::with_snapshot(ALLOW).serve(&[]);
    let long = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "a".repeat(100_000)
    );
    let many = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\n{}\r\n",
        "x: y\r\n".repeat(200)
    );
    for (head, status) in [
        (long.as_str(), "431"),
        (&many, "431"),
        ("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "400"),
        ("GET\r\n\r\n", "400"),
        (
            "POST /v1/check HTTP/1.1\r\ncontent-length: x\r\n\r\n",
            "400",
        ),
        (
            "POST /v1/check HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "400",
        ),
    ] {
        let answer = point.raw(head.as_bytes());
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{head:.80}: {answer}"
        );
    }
    assert_eq!(point.decision(), "Allow");
}

#[test]
pub(crate) fn more_requests_than_are_answered_at_once() {
    let point = Place::with_snapshot(ALLOW).serve(&["--max-concurrent", "2"]);
    let mut waiting = [point.connect(), point.connect()];
    for stream in &mut waiting {
        stream.write_all(b"POST /v1/check HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{").unwrap();
    }
    until("two in flight", || {
        point.metric("ramgate_requests_in_flight") == 2.0
    });
    let answer = point.check(&request());
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    // Who looks after it still gets through.
    assert_eq!(point.get("/healthz").status, 200);
    for mut stream in waiting {
        stream.write_all(b"}").unwrap();
        assert!(rest(stream).starts_with("HTTP/1.1 400 "));
    }
    assert_eq!(point.decision(), "Allow");
}

#[test]
pub(crate) fn more_connections_than_are_taken() {
    let point = Place::with_snapshot(ALLOW).serve(&["--max-connections", "1"]);
    let mut first = point.connect();
    first
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut head = [0; 12];
    first.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    let mut second = point.connect();
    second
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    second
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    assert!(second.read(&mut [0]).is_err());
    drop(first);
    second
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert!(rest(second).starts_with("HTTP/1.1 200 "));
}

#[test]
fn connections_that_hang_do_not_stop_others() {
    let point = Place::with_snapshot(ALLOW).serve(&[]);
    let silent: Vec<_> = (0..200).map(|_| point.connect()).collect();
    let mut slow = point.connect();
    slow.write_all(b"POST /v1/check HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
        .unwrap();
    let sent = AtomicUsize::new(0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                slow.write_all(b" ").unwrap();
                sent.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(5));
            }
        });
        // However it ends, the slow client must.
        let _over = Over(&is_over);
        // Until both have done something beside the other.
        let mut asked = 0;
        while asked < 200 || sent.load(Ordering::Relaxed) < 10 {
            assert_eq!(point.decision(), "Allow");
            asked += 1;
        }
        assert_eq!(point.metric("ramgate_requests_in_flight"), 1.0);
    });
    drop(silent);
}

#[test]
fn many_at_once() {
    let point = Place::with_snapshot(ALLOW).serve(&[]);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(point.decision(), "Allow");
                }
            });
        }
    });
    let sample =
        "ramgate_decisions_total{decision=\"Allow\",stage=\"identity\",transport=\"check\"}";
    assert_eq!(point.metric(sample), 400.0);
}
