//! How it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::point::{ALLOW, Place, agent, request, rest, until};

#[test]
pub(crate) fn answers_in_flight_are_finished() {
    let mut point = Place::with_snapshot(ALLOW).serve(&[]);
    let body = request().to_string();
    let mut stream = point.connect();
    let head = format!(
        "POST /v1/check HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    until("in flight", || {
        point.metric("ramgate_requests_in_flight") == 1.0
    });
    point.signal("TERM");
    let address = point.address().strip_prefix("http://").unwrap().to_owned();
    until("no listener", || TcpStream::connect(&address).is_err());
    assert!(point.is_running());
    stream.write_all(body.as_bytes()).unwrap();
    let answer = rest(stream);
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(point.ended().success());
}

#[test]
pub(crate) fn it_is_unready_before_it_stops_to_listen() {
    let mut point = Place::with_snapshot(ALLOW).serve(&["--shutdown-delay", "1s"]);
    point.signal("TERM");
    until("unready", || point.get("/readyz").status == 503);
    assert_eq!(point.get("/readyz").json()["reason"], "ending");
    assert_eq!(point.decision(), "Allow");
    assert!(point.ended().success());
}

#[test]
pub(crate) fn a_client_that_never_finishes_is_not_waited_for_forever() {
    let mut point =
        Place::with_snapshot(ALLOW).serve(&["--drain", "100ms", "--request-timeout", "1h"]);
    let mut stream = point.connect();
    stream
        .write_all(b"POST /v1/check HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n")
        .unwrap();
    until("in flight", || {
        point.metric("ramgate_requests_in_flight") == 1.0
    });
    point.signal("TERM");
    assert!(point.ended().success());
    assert!(point.said().contains("were cut off"));
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
}

#[test]
pub(crate) fn under_load_every_request_that_was_taken_is_answered() {
    let mut point = Place::with_snapshot(ALLOW).serve(&["--shutdown-delay", "100ms"]);
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        let url = point.url("/v1/check");
        for _ in 0..4 {
            let (url, answered) = (url.clone(), &answered);
            scope.spawn(move || {
                // A new connection each time: who reuses one may lose the race with its end.
                while let Ok(mut response) = agent().post(&url).send(request().to_string()) {
                    assert_eq!(response.status(), 200);
                    let text = response.body_mut().read_to_string().unwrap();
                    assert!(text.contains("\"decision\":\"Allow\""), "{text}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        until("load", || answered.load(Ordering::Relaxed) > 20);
        point.signal("TERM");
        assert!(point.ended().success());
    });
    assert!(!point.said().contains("cut off"), "{}", point.said());
}

/// What an answer of HTTP/1.1 says, read to its end; `None` where the connection ended before it began.
fn whole_answer(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    let mut length = 0;
    loop {
        let start = head.len();
        match stream.read_line(&mut head) {
            Ok(0) | Err(_) if head.is_empty() => return None,
            Ok(0) | Err(_) => panic!("an answer that is cut off: {head}"),
            Ok(_) => {}
        }
        let line = head[start..].trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    Some(head + &String::from_utf8(body).unwrap())
}

#[test]
pub(crate) fn on_connections_that_are_kept_no_answer_is_lost() {
    let mut point = Place::with_snapshot(ALLOW).serve(&[]);
    let body = request().to_string();
    let length = body.len();
    let asked =
        format!("POST /v1/check HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}");
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..16 {
            let (stream, asked, answered) = (point.connect(), &asked, &answered);
            scope.spawn(move || {
                let mut stream = BufReader::new(stream);
                loop {
                    // Whoever was told that the connection ends has not asked again.
                    stream.get_mut().write_all(asked.as_bytes()).unwrap();
                    let answer = whole_answer(&mut stream).expect("an answer");
                    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
                    assert!(answer.contains("\"decision\":\"Allow\""), "{answer}");
                    answered.fetch_add(1, Ordering::Relaxed);
                    if answer.contains("connection: close") {
                        return;
                    }
                }
            });
        }
        until("load", || answered.load(Ordering::Relaxed) > 1000);
        point.signal("TERM");
        assert!(point.ended().success());
    });
    assert!(!point.said().contains("cut off"), "{}", point.said());
}

#[test]
pub(crate) fn requests_that_were_sent_before_are_answered_however_many_wait() {
    let mut point = Place::with_snapshot(ALLOW).serve(&["--max-connections", "4"]);
    let head = "POST /v1/check HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    let body = request().to_string();
    let asked = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    // Most of them wait in the system's queue.
    let streams: Vec<TcpStream> = (0..64)
        .map(|_| {
            let mut stream = point.connect();
            stream.write_all(asked.as_bytes()).unwrap();
            stream
        })
        .collect();
    point.signal("TERM");
    for stream in streams {
        let answer = rest(stream);
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
    assert!(point.ended().success());
}
