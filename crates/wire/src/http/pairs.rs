//! Requests waiting for their responses: gives exchanges their numbers (RFC 9112 section 9.3).

use std::collections::VecDeque;

use evidence::Timestamp;

/// The requests of a connection that have no final response yet, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    waiting: VecDeque<Waiting>,
    /// Final responses that no request was known for, oldest first: their requests may come later, where
    /// the capture or a gap held those back.
    orphans: VecDeque<(u32, Option<Timestamp>)>,
    next: u32,
    /// Requests were lost: a response may answer one of those.
    requests_lost: bool,
    /// Responses were lost: the oldest waiting request may have had its response.
    responses_lost: bool,
}

/// A request that waits for its response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) exchange: u32,
    pub(crate) method: Method,
    time: Option<Timestamp>,
}

/// The methods that change how a response is framed (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Connect,
    Head,
    Other,
}

impl Method {
    pub(crate) fn read(name: &[u8]) -> Self {
        match name {
            name if name.eq_ignore_ascii_case(b"CONNECT") => Self::Connect,
            name if name.eq_ignore_ascii_case(b"HEAD") => Self::Head,
            _ => Self::Other,
        }
    }
}

impl Pairs {
    /// Numbers exchanges from `first` on.
    pub(crate) fn new(first: u32) -> Self {
        Self { next: first, ..Self::default() }
    }

    /// A request begins: its exchange.
    pub(crate) fn request(&mut self, method: Method, time: Option<Timestamp>) -> u32 {
        while let Some((exchange, answered)) = self.orphans.pop_front() {
            if answered > time {
                return exchange;
            }
        }
        let exchange = self.number();
        if self.waiting.len() >= WAITING_LIMIT {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting { exchange, method, time });
        exchange
    }

    /// A response begins: its exchange, and the method it answers where the request is known.
    pub(crate) fn response(&mut self, status: u16, time: Option<Timestamp>) -> (u32, Option<Method>) {
        self.pass_lost(time);
        let interim = (100..200).contains(&status) && status != 101;
        let request = if interim { self.waiting.front().copied() } else { self.waiting.pop_front() };
        match request {
            Some(request) => (request.exchange, Some(request.method)),
            None => {
                let exchange = self.number();
                if !interim && self.orphans.len() < ORPHANS_LIMIT {
                    self.orphans.push_back((exchange, time));
                }
                (exchange, None)
            }
        }
    }

    /// Messages may have been lost: responses, or requests.
    pub(crate) fn lost(&mut self, responses: bool) {
        self.responses_lost |= responses;
        self.requests_lost |= !responses;
    }

    /// Whether a request still waits for its final response.
    pub(crate) fn is_waiting(&self, exchange: u32) -> bool {
        self.waiting.iter().any(|request| request.exchange == exchange)
    }

    /// The exchange that a response beginning now would belong to, without taking it.
    pub(crate) fn due(&self) -> u32 {
        self.waiting.front().map_or(self.next.saturating_sub(1), |request| request.exchange)
    }

    /// After responses were lost, the request next before the response in time is the one it answers.
    fn pass_lost(&mut self, time: Option<Timestamp>) {
        if std::mem::take(&mut self.responses_lost) {
            let asked = self.waiting.iter().take_while(|request| request.time <= time).count();
            self.waiting.drain(..asked.saturating_sub(1));
        }
        if self.requests_lost && self.waiting.front().is_some_and(|request| request.time > time) {
            // It answers a request that was lost; the one that waits was not sent yet.
            self.waiting.push_front(Waiting { exchange: self.next, method: Method::Other, time });
            let _ = self.number();
        }
    }

    fn number(&mut self) -> u32 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }
}

/// Most requests kept waiting; a connection with more has a peer that never answers.
const WAITING_LIMIT: usize = 4096;

/// Most responses without request that are remembered.
const ORPHANS_LIMIT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: i64) -> Option<Timestamp> {
        Some(Timestamp(time))
    }

    #[test]
    fn responses_answer_in_order() {
        let mut pairs = Pairs::new(5);
        assert_eq!(pairs.request(Method::Head, at(1)), 5);
        assert_eq!(pairs.request(Method::Other, at(2)), 6);
        assert_eq!(pairs.response(100, at(3)), (5, Some(Method::Head)));
        assert_eq!(pairs.response(200, at(3)), (5, Some(Method::Head)));
        assert_eq!(pairs.response(404, at(4)), (6, Some(Method::Other)));
        assert_eq!(pairs.response(200, at(5)), (7, None));
    }

    #[test]
    fn a_request_that_comes_after_its_response_is_paired_by_time() {
        let mut pairs = Pairs::new(0);
        assert_eq!(pairs.response(200, at(5)), (0, None));
        assert_eq!(pairs.response(200, at(20)), (1, None));
        assert_eq!(pairs.request(Method::Other, at(10)), 1);
        assert_eq!(pairs.request(Method::Other, at(30)), 2);
        assert_eq!(pairs.response(200, at(40)), (2, Some(Method::Other)));
    }

    #[test]
    fn lost_messages_do_not_shift_the_pairs() {
        let mut pairs = Pairs::new(0);
        pairs.request(Method::Other, at(1));
        pairs.request(Method::Other, at(10));
        pairs.lost(true);
        assert_eq!(pairs.response(200, at(11)).0, 1);
        pairs.lost(false);
        pairs.request(Method::Other, at(30));
        assert_eq!(pairs.response(200, at(21)).0, 3);
        assert_eq!(pairs.response(200, at(31)).0, 2);
    }
}
