//! What a rule of the linter is: a name that stays, how bad it is, why, and an example of each kind.

use std::fmt;

use serde::Serialize;

use crate::document::PolicyKind;

/// How bad a finding is, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It could be tidier.
    Suggestion,
    /// It probably does not do what was meant.
    Warning,
    /// It gives away more than is wise.
    Security,
    /// RAM would refuse it, or it cannot mean what it says.
    Error,
}

impl Severity {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Suggestion => "suggestion",
            Severity::Warning => "warning",
            Severity::Security => "security",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A policy that shows a rule. In a bad one the place that is found stands between `«` and `»`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Example {
    /// Statements; the policy around them goes without saying.
    Statement(&'static str),
    /// The whole text.
    Policy(&'static str),
    /// A policy with so many resources that its size counts.
    Resources(usize),
    /// Settings of the linter.
    Settings(&'static str),
    /// A configuration of Terraform.
    Terraform(&'static str),
}

impl Example {
    /// The text with its marks.
    fn marked(self) -> String {
        match self {
            Example::Policy(text) | Example::Settings(text) | Example::Terraform(text) => {
                text.to_owned()
            }
            Example::Resources(count) => {
                let buckets =
                    (0..count).map(|number| format!("\"acs:oss:*:*:reports-{number:03}/*\""));
                format!(
                    "«{{»\n  \"Version\": \"1\",\n  \"Statement\": [{{ \"Effect\": \"Allow\", \"Action\": \"oss:GetObject\", \"Resource\": [\n    {}\n  ] }}]\n}}",
                    buckets.collect::<Vec<_>>().join(",\n    ")
                )
            }
            Example::Statement(text) => {
                let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
                format!(
                    "{{\n  \"Version\": \"1\",\n  \"Statement\": [\n{}\n  ]\n}}",
                    lines.join("\n")
                )
            }
        }
    }

    fn text(self) -> String {
        self.marked().replace(['«', '»'], "")
    }
}

/// A rule: what it finds, why that matters, and what good policies do instead.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rule {
    /// `RG001`: it never changes and is never used again.
    pub id: &'static str,
    /// `unknown-action`
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it finds, in a line.
    pub summary: &'static str,
    /// Why that matters and what to do about it.
    pub reason: &'static str,
    /// The kind of policy that its examples are.
    pub kind: PolicyKind,
    pub(crate) bad: Example,
    pub(crate) good: Example,
    /// What Alibaba Cloud's console calls it.
    pub alibaba_codes: &'static [&'static str],
    /// What AWS IAM Access Analyzer calls its like.
    pub aws_codes: &'static [&'static str],
    /// The rules of SEMANTICS.md that it stands on.
    pub semantics: &'static [&'static str],
}

impl Rule {
    /// A policy in which it finds something, and nothing else is found.
    pub fn bad(&self) -> String {
        self.bad.text()
    }

    /// The same policy as it should be: nothing is found in it.
    pub fn good(&self) -> String {
        self.good.text()
    }

    /// What its examples are: `identity policy`, or the file in which such a thing stands.
    pub fn subject(&self) -> String {
        match self.bad {
            Example::Settings(_) => "ramgate.toml".to_owned(),
            Example::Terraform(_) => "Terraform configuration".to_owned(),
            _ => self.kind.to_string(),
        }
    }

    /// The language of its examples, as Markdown calls it: `json` for a policy.
    pub fn language(&self) -> &'static str {
        match self.bad {
            Example::Settings(_) => "toml",
            Example::Terraform(_) => "hcl",
            _ => "json",
        }
    }

    /// Whether it is about policies. The others are about what is said of policies elsewhere, and [`lint`](crate::lint::lint) never reports them.
    pub fn is_about_policies(&self) -> bool {
        self.language() == "json"
    }

    /// The part of the bad policy that is found, in bytes.
    pub fn bad_place(&self) -> Option<crate::source::Span> {
        let marked = self.bad.marked();
        let start = marked.find('«')?;
        let end = marked.find('»')?;
        Some(crate::source::Span {
            start,
            end: end - '«'.len_utf8(),
        })
    }

    /// Whether a person may mean it by this word: its id, its name or an alias, in any case; `_`, `-` and blanks are one.
    pub fn answers_to(&self, word: &str) -> bool {
        let wanted = folded(word);
        [self.id, self.name]
            .iter()
            .chain(self.alibaba_codes)
            .chain(self.aws_codes)
            .any(|name| folded(name) == wanted)
    }
}

fn folded(word: &str) -> String {
    let folded = word.chars().map(|c| match c {
        '_' | ' ' => '-',
        c => c.to_ascii_lowercase(),
    });
    folded.collect()
}
