//! One pattern as a row of tokens: a set of texts that can be intersected, complemented and searched.

use std::hash::{Hash, Hasher};

use crate::analysis::signature::Signature;
use crate::condition::fold_case;

/// One place of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Token {
    Char(char),
    /// `?`
    Any,
    /// `*`
    Run,
    /// `?` within one of the first four fields of an ARN: any character but `:` (W7).
    FieldAny,
    /// `*` within one of them.
    FieldRun,
}

/// How the letters of a pattern compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Case {
    Exact,
    /// Actions (W4).
    Ascii,
    /// `StringEqualsIgnoreCase` (O5).
    Unicode,
    /// An ARN's first two fields without case (G18); the rest exactly.
    Service,
}

/// A set of texts: those that fit the tokens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Glob {
    pub(crate) tokens: Box<[Token]>,
    pub(crate) case: Case,
    /// What every text that fits has.
    signature: Signature,
}

impl Hash for Glob {
    /// By a glance: cheaper than all tokens, and nearly as telling.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.signature.hash(state);
        self.tokens.len().hash(state);
    }
}

impl Glob {
    /// `*` and `?` are metacharacters (W1).
    pub(crate) fn wildcard(text: &str, case: Case) -> Glob {
        Glob::new(text.chars().map(wildcard_token), case)
    }

    /// Every character is itself.
    pub(crate) fn literal(text: &str, case: Case) -> Glob {
        Glob::new(text.chars().map(Token::Char), case)
    }

    /// Runs that follow each other are one.
    pub(crate) fn new(tokens: impl IntoIterator<Item = Token>, case: Case) -> Glob {
        let tokens = tokens.into_iter();
        // How many there are at most is known; a list of them that grows costs more than the rest.
        let mut kept: Vec<Token> = Vec::with_capacity(tokens.size_hint().1.unwrap_or(0).min(200));
        for token in tokens {
            let run = matches!(token, Token::Run | Token::FieldRun);
            if !run || kept.last() != Some(&token) {
                kept.push(token);
            }
        }
        let signature = Signature::of(kept.iter().map(|token| match token {
            Token::Char(c) => Some(*c),
            _ => None,
        }));
        Glob {
            tokens: kept.into(),
            case,
            signature,
        }
    }

    pub(crate) fn is_universal(&self) -> bool {
        *self.tokens == [Token::Run]
    }

    /// The characters before the first metacharacter, in lower case: two patterns whose beginnings differ have no text in common.
    pub(crate) fn beginning(&self) -> Vec<char> {
        literal_run(self.tokens.iter())
    }

    /// The characters behind the last metacharacter, from the end, in lower case.
    pub(crate) fn end(&self) -> Vec<char> {
        literal_run(self.tokens.iter().rev())
    }

    /// The literal beginning of an ARN's last field, where the pattern is field by field before it.
    pub(crate) fn relative_beginning(&self) -> Option<Vec<char>> {
        let is_colon = |token: &&Token| **token == Token::Char(':');
        let fourth = self
            .tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| is_colon(token))
            .nth(3)?
            .0;
        let (before, behind) = self.tokens.split_at_checked(fourth + 1)?;
        let by_field = !before
            .iter()
            .any(|token| matches!(token, Token::Any | Token::Run));
        by_field.then(|| literal_run(behind.iter()))
    }

    /// A glance: whether a text of this signature may fit.
    pub(crate) fn may_match(&self, text: &Signature) -> bool {
        text.has_all_of(&self.signature)
    }

    /// Whether a text fits: the plain simulation, linear in text × tokens.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let mut here = Positions::start(self);
        let mut colons = 0;
        for c in text.chars() {
            here = here.step(self, c, colons < 2);
            if here.is_empty() {
                return false;
            }
            colons += u8::from(c == ':' && colons < 2);
        }
        here.contains(self.tokens.len())
    }

    /// A sufficient test for "every text of `other` is one of mine"; necessary too where I have no `?`.
    pub(crate) fn plainly_covers(&self, other: &Glob) -> bool {
        let same_case = self.case == other.case
            || matches!(
                (self.case, other.case),
                (Case::Ascii | Case::Unicode | Case::Service, Case::Exact)
                    | (Case::Unicode, Case::Ascii)
            );
        // What is written out here is written out there.
        if !same_case || !other.signature.has_all_of(&self.signature) {
            return false;
        }
        let mut here = Positions::start(self);
        // At most so many colons were passed: what may be behind the second compares exactly.
        let mut colons = 0;
        for token in &other.tokens {
            here = here.step_token(self, *token, colons < 2);
            if here.is_empty() {
                return false;
            }
            colons = match token {
                Token::Run => 2,
                Token::Char(':') | Token::Any => 2.min(colons + 1),
                _ => colons,
            };
        }
        here.contains(self.tokens.len())
    }

    /// A sufficient test for "no text is in both": what is written out at the beginning, of each of an ARN's fields, or at the end differs.
    pub(crate) fn plainly_disjoint(&self, other: &Glob) -> bool {
        differ_at_start(&self.tokens, &other.tokens) || differ_at_end(&self.tokens, &other.tokens)
    }

    pub(crate) fn fits(&self, token: Token, c: char, in_service: bool) -> bool {
        match token {
            Token::Char(own) => self.same(own, c, in_service),
            Token::Any | Token::Run => true,
            Token::FieldAny | Token::FieldRun => c != ':',
        }
    }

    fn same(&self, own: char, c: char, in_service: bool) -> bool {
        own == c
            || match self.case {
                Case::Exact => false,
                Case::Ascii => own.eq_ignore_ascii_case(&c),
                Case::Unicode => fold_case(own) == fold_case(c),
                Case::Service => in_service && own.eq_ignore_ascii_case(&c),
            }
    }
}

pub(crate) fn wildcard_token(c: char) -> Token {
    match c {
        '*' => Token::Run,
        '?' => Token::Any,
        _ => Token::Char(c),
    }
}

/// Both are walked side by side. Where one stops being written out, they meet again behind the next colon, if both take nothing but one
/// field until there.
fn differ_at_start(mut a: &[Token], mut b: &[Token]) -> bool {
    loop {
        match (a, b) {
            ([Token::Char(x), rest_a @ ..], [Token::Char(y), rest_b @ ..]) => {
                if x != y && fold_case(*x) != fold_case(*y) {
                    return true;
                }
                (a, b) = (rest_a, rest_b);
            }
            ([], [Token::Char(_), ..]) | ([Token::Char(_), ..], []) => return true,
            _ => match (behind_field(a), behind_field(b)) {
                (Some(rest_a), Some(rest_b)) => (a, b) = (rest_a, rest_b),
                _ => return false,
            },
        }
    }
}

/// What follows the next colon, where everything before it stays within one field.
fn behind_field(tokens: &[Token]) -> Option<&[Token]> {
    let stop = tokens
        .iter()
        .position(|token| matches!(token, Token::Char(':') | Token::Any | Token::Run))?;
    match tokens.split_at_checked(stop)?.1 {
        [Token::Char(':'), rest @ ..] => Some(rest),
        _ => None,
    }
}

fn differ_at_end(a: &[Token], b: &[Token]) -> bool {
    for pair in a.iter().rev().zip(b.iter().rev()) {
        match pair {
            (Token::Char(x), Token::Char(y)) if x == y || fold_case(*x) == fold_case(*y) => {}
            (Token::Char(_), Token::Char(_)) => return true,
            _ => return false,
        }
    }
    false
}

fn literal_run<'t>(tokens: impl Iterator<Item = &'t Token>) -> Vec<char> {
    tokens
        .map_while(|token| match token {
            Token::Char(c) => Some(fold_case(*c)),
            _ => None,
        })
        .collect()
}

/// Which tokens may come next, one bit each. Nearly every pattern fits in one word.
#[derive(Clone, Debug)]
enum Positions {
    Few(u128),
    Many(Vec<bool>),
}

impl Positions {
    fn start(glob: &Glob) -> Positions {
        let mut positions = Positions::none(glob);
        positions.add(glob, 0);
        positions
    }

    fn none(glob: &Glob) -> Positions {
        if glob.tokens.len() < 128 {
            Positions::Few(0)
        } else {
            Positions::Many(vec![false; glob.tokens.len() + 1])
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Positions::Few(0))
    }

    fn contains(&self, position: usize) -> bool {
        match self {
            Positions::Few(bits) => bits >> position & 1 == 1,
            Positions::Many(slots) => slots.get(position).copied().unwrap_or(false),
        }
    }

    /// A run may be empty, so what follows it may come next too.
    fn add(&mut self, glob: &Glob, mut position: usize) {
        loop {
            match self {
                Positions::Few(bits) => *bits |= 1 << position,
                Positions::Many(slots) => {
                    if let Some(slot) = slots.get_mut(position) {
                        *slot = true;
                    }
                }
            }
            match glob.tokens.get(position) {
                Some(Token::Run | Token::FieldRun) => position += 1,
                _ => return,
            }
        }
    }

    fn step(&self, glob: &Glob, c: char, in_service: bool) -> Positions {
        self.advance(glob, |token| glob.fits(token, c, in_service))
    }

    /// The same for a token of another pattern, which stands for many characters: only what takes all of them goes on.
    fn step_token(&self, glob: &Glob, token: Token, in_service: bool) -> Positions {
        let takes = |own: Token| match (own, token) {
            (_, Token::Char(c)) => glob.fits(own, c, in_service),
            (Token::Run | Token::Any, Token::Any | Token::FieldAny) => true,
            (Token::FieldRun | Token::FieldAny, Token::FieldAny) => true,
            (Token::Run, Token::Run | Token::FieldRun) => true,
            (Token::FieldRun, Token::FieldRun) => true,
            _ => false,
        };
        self.advance(glob, takes)
    }

    fn advance(&self, glob: &Glob, takes: impl Fn(Token) -> bool) -> Positions {
        let mut next = Positions::none(glob);
        let mut one = |position: usize| {
            if let Some(token) = glob.tokens.get(position).filter(|token| takes(**token)) {
                let stays = matches!(token, Token::Run | Token::FieldRun);
                next.add(glob, position + usize::from(!stays));
            }
        };
        match self {
            Positions::Few(bits) => {
                let mut left = *bits;
                while left != 0 {
                    one(left.trailing_zeros() as usize);
                    left &= left - 1;
                }
            }
            Positions::Many(slots) => (0..slots.len())
                .filter(|position| self.contains(*position))
                .for_each(one),
        }
        next
    }
}
