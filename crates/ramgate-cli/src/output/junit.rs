//! Writes a report on cases as JUnit XML, a suite for each file.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};
use ramgate::CaseResult;

use crate::command::test::Report;
use crate::output::{Output, text};

/// The whole report; a file that could not be read is a suite with one error.
pub(crate) fn report(report: &Report, out: &mut Output) -> io::Result<()> {
    let mut junit = Junit::new("ramgate");
    for of_file in report.results.chunk_by(|a, b| a.file == b.file) {
        let file = of_file
            .first()
            .map(|result| &*result.file)
            .unwrap_or_default();
        let mut suite = TestSuite::new(file);
        suite.add_test_cases(of_file.iter().map(case));
        junit.add_test_suite(suite);
    }
    for (file, error) in &report.unreadable {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status
            .set_message("cannot be read")
            .set_description(error.as_str());
        let mut suite = TestSuite::new(file.as_str());
        suite.add_test_case(TestCase::new(file.as_str(), status));
        junit.add_test_suite(suite);
    }
    let text = junit.to_string().map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

fn case(result: &CaseResult) -> TestCase {
    let status = if result.ok {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let mut lines = vec![result.at.clone()];
        lines.extend(result.message.lines().map(str::to_owned));
        lines.extend(result.explanation.iter().flat_map(text::reasons));
        status
            .set_message(result.message.lines().collect::<Vec<_>>().join("; "))
            .set_description(lines.join("\n"));
        status
    };
    let mut case = TestCase::new(result.name.as_str(), status);
    case.set_classname(&*result.file);
    case
}
