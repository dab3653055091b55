//! The catalogue: its rows are read strictly, its facts are found, and what it does not list stays unknown.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::collections::BTreeSet;

use ramgate::{
    AccessLevel, Catalog, ErrorCause, Evidence, KeyScope, KeyType, Listing, ProblemKind, Source,
};

fn built_in() -> Catalog {
    let texts: Vec<Source> = ramgate_catalog::FILES
        .iter()
        .map(|(name, text)| Source::new(*name, *text))
        .collect();
    Catalog::parse(&texts).unwrap_or_else(|error| panic!("{error}"))
}

fn parse(text: &str) -> Catalog {
    Catalog::parse(&[Source::new("t.tsv", text)]).unwrap_or_else(|error| panic!("{error}"))
}

/// The text, in which `→` is a tab, has exactly one problem: between the marks `«` and `»`.
fn refuses(text: &str, kind: ProblemKind, message: &str) {
    let text = text.replace('→', "\t");
    let place = |mark: char| {
        let before: String = text.split(mark).next().unwrap().replace(['«', '»'], "");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        (line, column)
    };
    let source = Source::new("t.tsv", text.replace(['«', '»'], ""));
    let error = Catalog::parse(&[source]).unwrap_err();
    assert_eq!(error.problems().len(), 1, "{text}\n{error}");
    let problem = &error.problems()[0];
    assert_eq!(problem.kind, kind, "{text}\n{error}");
    let found = |position: ramgate::Position| (position.line as usize, position.column as usize);
    assert_eq!(found(problem.start), place('«'), "{text}\n{error}");
    assert_eq!(found(problem.end), place('»'), "{text}\n{error}");
    assert!(error.to_string().contains(message), "{message}\n{error}");
}

#[test]
fn rows_that_cannot_be_understood() {
    let unknown = ProblemKind::UnknownElement;
    refuses("«acton»→X\n", unknown, "did you mean action?");
    refuses("# ok\n\n«action X»\n", unknown, "separated by tabs");
    let input = ProblemKind::InvalidInput;
    let missing = ProblemKind::MissingElement;
    refuses("service«»\n", missing, "a row service has a code");
    refuses("service→«»→complete\n", missing, "code");
    refuses("service→vpc→«all»\n", input, "complete, partial, none");
    refuses(
        "service→vpc→→«resources»\n",
        input,
        "did you mean resource?",
    );
    refuses("service→«v pc»\n", input, "is no name");
    refuses("service→vpc→→→→Name→«more»\n", input, "a cell too many");
    refuses("action→«X»\n", missing, "below the row of its service");
    refuses(
        "type→«T»→acs:vpc:*:*:x\n",
        missing,
        "below the row of its service",
    );
    refuses("product→«p»\n", missing, "below the row of its service");
    refuses("service→vpc\ntype→«T»\n", input, "a template is acs:");
    refuses(
        "service→vpc\ntype→T→«acs:vpc:{region}:{account}:x/{Id»\n",
        input,
        "a brace is not closed",
    );
    refuses(
        "service→vpc\naction→X→«updat»\n",
        input,
        "did you mean update?",
    );
    refuses("service→vpc\naction→«vpc:X»\n", input, "is no name");
    refuses("service→vpc\naction→«Ä»→\n", input, "is no name");
    refuses(
        "service→vpc\naction→X→→→→→→→«old»\n",
        input,
        "deprecated, current",
    );
    refuses(
        "service→vpc\naction→X→→→→→«a:b:c(»\n",
        input,
        "is no operation",
    );
    refuses(
        "service→vpc\naction→X→→→→→= «:Y»\n",
        input,
        "is no operation",
    );
    refuses(
        "service→vpc\ntype→T→acs:vpc:*:*:x\naction→X→→T *«»\n",
        input,
        "stands alone",
    );
    refuses(
        "service→vpc\naction→X→→→vpc:a «b»\n",
        ProblemKind::InvalidConditionKey,
        "is no condition key",
    );
    refuses(
        "service→vpc\naction→X→→→→«PassRole»\n",
        ProblemKind::InvalidAction,
        "is no action",
    );
    refuses(
        "key→«acs»→String\n",
        ProblemKind::InvalidConditionKey,
        "<code>:<name>",
    );
    refuses("key→acs:X→«string»\n", input, "did you mean String?");
    refuses("source→«s»→2026→page\n", missing, "a url");
    refuses("source→s→«26»→page→u\n", input, "is no date");
    refuses("source→s→«2026-13»→page→u\n", input, "is no date");
    refuses("source→s→2026→«pages»→u\n", input, "did you mean page?");
}

/// The rows on calls: what stands above them is enough for a type with a state, an operation and a parameter.
#[test]
fn rows_on_calls_that_cannot_be_understood() {
    let input = ProblemKind::InvalidInput;
    let missing = ProblemKind::MissingElement;
    let unresolved = ProblemKind::UnresolvedName;
    let above = "service→vpc\ntype→T→acs:vpc:*:*:t/{Id}\nstate→T→Up\noperation→Do→complete→T→Up\nparameter→Do→Id→String→required→T\n";
    let row = |row: &str, kind, message: &str| refuses(&format!("{above}{row}\n"), kind, message);
    row("region→«cn shanghai»", input, "is no name");
    row("region→a-1\nregion→«a-1»", unresolved, "in line 6 already");
    row("state→«T»", missing, "a type and a name");
    row("state→T→«Up»", unresolved, "in line 3 already");
    row("state→«U»→Up", unresolved, "no type \"U\" is defined");
    row("operation→«do»", unresolved, "in line 4 already");
    row("operation→«a:b:c»", input, "is no operation");
    row("operation→Go→«whole»", input, "complete, partial");
    row("operation→Go→→T→«Upp»", unresolved, "did you mean Up?");
    row(
        "operation→Go→→T→Up «Dow»?",
        unresolved,
        "no row state of that type",
    );
    row(
        "operation→Go→→T→any→→«Down»",
        unresolved,
        "no row state of that type",
    );
    row(
        "operation→Go→→T→any→→= Up>«Down»",
        unresolved,
        "no row state of that type",
    );
    row("operation→Go→→→«Up»", missing, "the row names none");
    row(
        "operation→Go→→T→any→→Up→«Down»",
        unresolved,
        "no row state of that type",
    );
    row("parameter→«Don»→X", unresolved, "did you mean Do?");
    row("parameter→«Do»", missing, "an operation and a name");
    row("parameter→Do→«Id»", unresolved, "in line 5 already");
    row(
        "parameter→Do→X→«Text»",
        input,
        "String, Integer, Boolean, List",
    );
    row("parameter→Do→X→String→«yes»", input, "required, optional");
    row(
        "parameter→Do→X→String→required→«U»",
        unresolved,
        "no type \"U\"",
    );
    row(
        "parameter→Do→X→String→required→→ascii «max=x»",
        input,
        "is no constraint",
    );
    row(
        "parameter→Do→X→String→required→→«in=»",
        input,
        "is no constraint",
    );
    row("error→«Don»→state→A", unresolved, "did you mean Do?");
    row("error→Do→«later»→A", input, "permission, missing");
    row("error→Do→«not-found»→A", input, "is none of");
    row("error→Do→state→A→«99»", input, "is no HTTP status");
    row(
        "error→Do→state→A\nerror→«Do»→state→A",
        unresolved,
        "already",
    );
    row("list→«Ls»→T→A.B→Id", missing, "a path, an id and a state");
}

#[test]
fn facts_on_calls_are_found_and_laid_over() {
    let known = "service\tvpc\nproduct\tvpcapi\ntype\tT\tacs:vpc:*:*:t/{Id}\nstate\tT\tUp\tit runs\nstate\tT\tDown\nstate\tT\tOff\n\
        action\tDo\tupdate\t*T\tnone\tnone\t=\n\
        operation\tDo\tcomplete\tT\tUp Down?\t\tDown Off>Up\tOff\t\tslow\n\
        parameter\tDo\tId\tString\trequired\tT\tascii min=1 max=9\n\
        parameter\tDo\tTag\tList\toptional\n\
        error\tDo\tstate\tWrong.State\t400\tNo.\nerror\tDo\tother\tA\nerror\tDo\tother\tB\nerror\t*\tpermission\tNoPermission\t403\nregion\ta-1\n";
    let own = "service\tvpc\noperation\tDo\t\t\tany\nerror\tDo\tstate\tOther.State\t409\nerror\tDo\tother\tC\nparameter\tDo\tNew\tInteger\toptional\t\tfrom=1 to=2\nregion\tb-2\n";
    let alone = parse(known);
    let call = alone.call("vpc:do").unwrap();
    assert_eq!((call.product(), call.name()), ("vpcapi", "Do"));
    for name in ["vpcapi:Do", "Do"] {
        assert!(alone.call(name).is_some(), "{name}");
    }
    assert!(alone.call("ecs:Do").is_none() && alone.call("Undo").is_none());
    assert_eq!(call.allowed_in().unwrap().collect::<Vec<_>>(), ["Up"]);
    assert_eq!(call.perhaps_allowed_in().collect::<Vec<_>>(), ["Down"]);
    assert_eq!(
        (call.state_after(), call.passes_through()),
        (Some("Down"), Some("Off"))
    );
    assert_eq!(call.exceptions().collect::<Vec<_>>(), [("Off", "Up")]);
    assert_eq!(call.parameter("Tag.1.Key").unwrap().name(), "Tag");
    assert_eq!(call.parameter("Id").unwrap().names(), Some("T"));
    assert!(call.parameter("id").is_none(), "letter case counts");
    let wrong_state = call.error(&ErrorCause::State).unwrap();
    assert_eq!(
        (wrong_state.code(), wrong_state.status()),
        (Some("Wrong.State"), Some(400))
    );
    assert_eq!(
        call.error(&ErrorCause::Permission).unwrap().status(),
        Some(403)
    );
    assert!(call.error(&ErrorCause::Missing).is_none());
    assert_eq!(
        (alone.has_region("a-1"), alone.has_region("b-2")),
        (Some(true), Some(false))
    );
    assert_eq!(
        parse(VPC).has_region("a-1"),
        None,
        "none are listed, so nothing can be said"
    );
    assert_eq!(alone.action("vpc:Do").unwrap().calls().count(), 1);

    let both = Catalog::parse(&[Source::new("a.tsv", known), Source::new("b.tsv", own)]).unwrap();
    let call = both.call("vpc:Do").unwrap();
    assert_eq!(call.allowed_in().unwrap().count(), 0, "any");
    assert_eq!(
        (call.state_after(), call.note()),
        (Some("Down"), Some("slow")),
        "what is not filled stays"
    );
    let wrong_state = call.error(&ErrorCause::State).unwrap();
    assert_eq!(
        (wrong_state.code(), wrong_state.status()),
        (Some("Other.State"), Some(409))
    );
    let others = call
        .errors()
        .filter(|error| *error.cause() == ErrorCause::Other);
    assert_eq!(others.count(), 3);
    assert_eq!(call.parameters().count(), 3);
    assert_eq!(both.regions().collect::<Vec<_>>(), ["a-1", "b-2"]);
}

#[test]
fn names_that_are_not_defined_or_twice() {
    let unresolved = ProblemKind::UnresolvedName;
    refuses(
        "source→page→2026→page→u\nservice→vpc→→→page «pag»\n",
        unresolved,
        "did you mean page?",
    );
    refuses(
        "service→vpc\ntype→Circuit→acs:vpc:*:*:x\naction→X→get→*«Circut»/*\n",
        unresolved,
        "did you mean Circuit?",
    );
    refuses(
        "service→vpc\naction→X\naction→«x»→get\n",
        unresolved,
        "in line 2 already",
    );
    refuses(
        "service→vpc\nservice→«VPC»\n",
        unresolved,
        "in line 1 already",
    );
    refuses(
        "service→vpc\nproduct→p\nproduct→«P»\n",
        unresolved,
        "in line 2 already",
    );
    refuses(
        "service→vpc\ntype→T→acs:vpc:*:*:x\ntype→«t»→acs:vpc:*:*:y\n",
        unresolved,
        "in line 2",
    );
    refuses("key→acs:X\nkey→«acs:x»\n", unresolved, "in line 1 already");
    refuses(
        "source→s→2026→page→u\nsource→«s»→2026→page→u\n",
        unresolved,
        "in line 1 already",
    );
}

#[test]
fn every_problem_is_told_at_once() {
    let text = "acton\tX\nservice\tvpc\tall\naction\tX\tupdat\n";
    let error = Catalog::parse(&[Source::new("t.tsv", text)]).unwrap_err();
    let places: Vec<_> = error
        .problems()
        .iter()
        .map(|problem| (problem.start.to_string(), problem.path.clone()))
        .collect();
    let expected = [("1:1", ""), ("2:13", "listing"), ("3:10", "level")];
    assert_eq!(
        places,
        expected.map(|(at, path)| (at.to_owned(), path.to_owned()))
    );
}

#[test]
fn line_ends_and_comments_do_not_matter() {
    let catalog = parse("# x\r\n\r\nservice\tvpc\r\naction\tX\tget\r\n");
    assert_eq!(
        catalog.action("vpc:X").unwrap().access_level(),
        Some(AccessLevel::Get)
    );
    assert_eq!(parse("").actions().count(), 0);
}

const VPC: &str = "source\tpage\t2026-10\tpage\thttps://x/api-{operation}\n\
    service\tvpc\tcomplete\tresource\tpage\tVirtual Private Cloud\nproduct\tvpcapi\nproduct\tpeer\n\
    type\tCircuit\tacs:vpc:{region}:{account}:physicalconnection/{CircuitId}\n\
    key\tvpc:tag/\tString\tpage\n\
    action\tCancel\tupdate\t*Circuit\tnone\tnone\t=\tpage\n\
    action\tCreate\tcreate\tCircuit/*\tvpc:tag/ vpc:New\tram:PassRole\t= peer:Make Change(id)\tpage\tdeprecated\tA note\n\
    action\tOpen\n\
    action\tStar\tget\t*\n\
    service\tvpc-x\naction\tOther\n";

#[test]
fn facts_are_found() {
    let catalog = parse(VPC);
    let create = catalog.action("VPC:CREATE").unwrap();
    assert_eq!(create.name(), "vpc:Create");
    assert_eq!(create.service().name(), Some("Virtual Private Cloud"));
    assert_eq!(create.access_level(), Some(AccessLevel::Create));
    assert!(!create.access_level().unwrap().is_read());
    assert_eq!(create.has_resource_level(), Some(true));
    let resource = create.resources().next().unwrap();
    assert_eq!(
        (resource.type_name(), resource.is_required()),
        ("Circuit", false)
    );
    assert_eq!(
        resource.template().as_str(),
        "acs:vpc:{region}:{account}:physicalconnection/*"
    );
    let own: Vec<_> = create
        .own_keys()
        .unwrap()
        .map(|key| (key.name(), key.key_type()))
        .collect();
    assert_eq!(
        own,
        [("vpc:tag/", Some(KeyType::String)), ("vpc:New", None)]
    );
    let scopes: Vec<_> = create
        .keys()
        .map(|(scope, key)| (scope, key.name()))
        .collect();
    assert_eq!(
        scopes,
        [
            (KeyScope::Action, "vpc:tag/"),
            (KeyScope::Action, "vpc:New")
        ]
    );
    assert_eq!(
        create.needs().unwrap().collect::<Vec<_>>(),
        ["ram:PassRole"]
    );
    let operations: Vec<_> = create.operations().map(|found| found.to_string()).collect();
    assert_eq!(
        operations,
        ["vpcapi:Create", "peer:Make", "vpcapi:Change with id"]
    );
    assert!(create.is_deprecated());
    assert_eq!(create.note(), Some("A note"));
    let source = create.sources().next().unwrap();
    assert_eq!(
        (&*source.url, source.date),
        ("https://x/api-create", "2026-10")
    );
    assert_eq!(create.evidence(), Some(Evidence::Page));

    let cancel = catalog.action("vpc:Cancel").unwrap();
    assert!(cancel.resources().next().unwrap().is_required());
    assert_eq!(cancel.own_keys().unwrap().count(), 0);
    assert_eq!(cancel.needs().unwrap().count(), 0);
    assert!(cancel.may_be_on("acs:vpc:*:*:physicalconnection/pc-1"));
    assert!(!cancel.may_be_on("acs:vpc:*:*:vpc/*"));

    let star = catalog.action("vpc:Star").unwrap();
    assert_eq!(star.has_resource_level(), Some(false));
    assert!(star.may_be_on("*") && !star.may_be_on("acs:vpc:*:*:vpc/*"));
}

#[test]
fn what_is_not_said_is_unknown() {
    let catalog = parse(VPC);
    let open = catalog.action("vpc:Open").unwrap();
    assert_eq!(open.access_level(), None);
    assert_eq!(open.has_resource_level(), None);
    assert!(open.may_be_on("acs:ecs:*:*:*"));
    assert!(open.own_keys().is_none());
    assert!(open.needs().is_none());
    assert_eq!(open.operations().count(), 0);
    assert_eq!(open.evidence(), None);

    assert!(catalog.action("vpc:Shut").is_none());
    assert!(catalog.is_unlisted("vpc:Shut"));
    for unknown in ["vpc-x:Shut", "ecs:Shut", "Shut", "", ":", "*"] {
        assert!(!catalog.is_unlisted(unknown), "{unknown}");
        assert!(catalog.action(unknown).is_none(), "{unknown}");
    }
    assert!(!catalog.is_unlisted("vpc:open"));
}

#[test]
fn actions_of_a_service_are_not_those_of_one_with_a_longer_code() {
    let catalog = parse(VPC);
    let of = |code: &str| catalog.service(code).unwrap().actions().count();
    assert_eq!((of("vpc"), of("VPC-X")), (4, 1));
    let names: Vec<_> = catalog
        .matching("VPC:*")
        .map(|action| action.name())
        .collect();
    assert_eq!(names, ["vpc:Cancel", "vpc:Create", "vpc:Open", "vpc:Star"]);
    assert_eq!(catalog.matching("vpc*:o*").count(), 2);
    assert_eq!(catalog.matching("vpc:?pen").count(), 1);
    assert_eq!(catalog.matching("*").count(), 5);
}

#[test]
fn operations_and_products() {
    let catalog = parse(VPC);
    let needed = |name: &str| -> Vec<_> {
        let needed = catalog.operation(name);
        needed
            .into_iter()
            .map(|needed| (needed.action.name(), needed.parameter))
            .collect()
    };
    assert_eq!(needed("vpcapi:create"), [("vpc:Create", None)]);
    assert_eq!(needed("peer:Make"), [("vpc:Create", None)]);
    assert_eq!(
        needed("vpc:Change"),
        [("vpc:Create", Some("id"))],
        "the RAM code will do"
    );
    assert_eq!(needed("vpc:Unknown"), []);
    let codes: Vec<_> = catalog
        .services_of_product("PEER")
        .map(|service| service.code())
        .collect();
    assert_eq!(codes, ["vpc"]);
}

#[test]
fn suggestions() {
    let catalog = parse(VPC);
    assert_eq!(catalog.closest_action("vpc:Crate"), Some("vpc:Create"));
    assert_eq!(catalog.closest_action("peer:Create"), Some("vpc:Create"));
    assert_eq!(catalog.closest_action("vpc:Nothing"), None);
    assert_eq!(catalog.closest_service("vpcapi"), Some("vpc"));
    assert_eq!(catalog.closest_service("vpv"), Some("vpc"));
}

#[test]
fn own_rows_are_laid_over() {
    let own = "source\tpage\t2027\tpage\tours\n\
        service\tVPC\n\
        type\tCircuit\tacs:vpc:*:{account}:circuit/{Id}\n\
        action\tcancel\tdelete\t\t\t\t\tpage\n\
        action\tNew\tget\t*Circuit\n\
        key\tvpc:tag/\t\t\tours\n";
    let texts = [Source::new("vpc.tsv", VPC), Source::new("own.tsv", own)];
    let catalog = Catalog::parse(&texts).unwrap();
    let cancel = catalog.action("vpc:Cancel").unwrap();
    assert_eq!(cancel.access_level(), Some(AccessLevel::Delete));
    assert_eq!(
        cancel.resources().next().unwrap().template().as_str(),
        "acs:vpc:*:{account}:circuit/{Id}"
    );
    let urls: Vec<_> = cancel
        .sources()
        .map(|source| source.url.into_owned())
        .collect();
    assert_eq!(urls, ["ours", "https://x/api-cancel"]);
    assert!(
        catalog
            .action("vpc:New")
            .unwrap()
            .resources()
            .next()
            .unwrap()
            .is_required()
    );
    let key = catalog.key("vpc:tag/team").unwrap();
    assert_eq!(
        (key.key_type(), key.note()),
        (Some(KeyType::String), Some("ours"))
    );
    assert_eq!(catalog.service("vpc").unwrap().listing(), Listing::Complete);
    assert_eq!(catalog.services().count(), 2);
}

#[test]
fn every_built_in_row_is_sound() {
    let catalog = built_in();
    assert!(catalog.actions().count() > 7000);
    for service in catalog.services() {
        assert!(
            service.sources().count() > 0,
            "{} has no source",
            service.code()
        );
        for source in service.sources() {
            assert!(!source.date.is_empty() && !source.url.is_empty());
        }
        assert_eq!(
            service.listing() == Listing::None,
            service.actions().count() == 0,
            "{}",
            service.code()
        );
        for (name, template) in service.resource_types() {
            assert!(template.may_fit(&template.pattern()), "{name}");
            assert!(ramgate::Arn::parse(template.example()).is_ok(), "{name}");
            assert!(template.may_fit(&template.example()), "{name}");
        }
    }
    for action in catalog.actions() {
        assert!(
            action.evidence().is_some(),
            "{} has no source",
            action.name()
        );
        for source in action.sources() {
            assert!(!source.url.contains('{'), "{}", source.url);
        }
        let resources: Vec<&str> = action
            .resources()
            .map(|on| on.template().as_str())
            .collect();
        let distinct: BTreeSet<(&str, &str)> = action
            .resources()
            .map(|on| (on.type_name(), on.template().as_str()))
            .collect();
        assert_eq!(
            resources.len(),
            distinct.len(),
            "{} names a resource twice",
            action.name()
        );
        for key in action.own_keys().into_iter().flatten() {
            assert!(
                key.evidence().is_some(),
                "{}: {} has no row",
                action.name(),
                key.name()
            );
        }
        for needed in action.needs().into_iter().flatten() {
            assert!(
                catalog.action(needed).is_some(),
                "{}: {needed}",
                action.name()
            );
        }
    }
    for key in catalog.keys() {
        let evidence = key
            .evidence()
            .unwrap_or_else(|| panic!("{} has no source", key.name()));
        assert!(
            key.key_type().is_some() || evidence == Evidence::Policies,
            "{}",
            key.name()
        );
    }
}

/// A table is a part of its own: no action, type or key stands in two of the built-in files, and the rows are in order.
#[test]
fn built_in_files_do_not_overlap() {
    let mut seen = BTreeSet::new();
    for (file, text) in ramgate_catalog::FILES {
        let mut service = "";
        let mut last = String::new();
        for row in text.lines().filter(|line| !line.starts_with('#')) {
            assert_eq!(row.trim_end(), row, "{file}: {row}");
            let cells: Vec<_> = row.split('\t').collect();
            match cells[..] {
                ["service", code, ..] => {
                    service = code;
                    assert!(seen.insert(code.to_lowercase()), "{file}: {code}");
                }
                ["key", name, ..] => assert!(
                    seen.insert(format!("key {name}").to_lowercase()),
                    "{file}: {name}"
                ),
                ["action", name, ..] => {
                    let name = name.to_lowercase();
                    assert!(last < name, "{file}: {name} is out of order");
                    assert!(seen.insert(format!("{service}:{name}")), "{file}: {name}");
                    last = name;
                }
                _ => {}
            }
        }
    }
}

#[test]
fn the_facts_on_cancelling_a_circuit() {
    let catalog = built_in();
    let action = catalog.action("vpc:cancelphysicalconnection").unwrap();
    assert_eq!(action.name(), "vpc:CancelPhysicalConnection");
    assert_eq!(action.access_level(), Some(AccessLevel::Update));
    let resources: Vec<_> = action.resources().collect();
    assert_eq!(resources.len(), 1);
    assert!(resources[0].is_required());
    assert_eq!(
        resources[0].template().as_str(),
        "acs:vpc:{region}:{account}:physicalconnection/{PhysicalConnectionId}"
    );
    assert_eq!(action.own_keys().unwrap().count(), 0);
    assert_eq!(action.needs().unwrap().count(), 0);
    assert_eq!(action.evidence(), Some(Evidence::Page));
    let source = action.sources().next().unwrap();
    assert_eq!(
        source.url,
        "https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpc-2016-04-28-cancelphysicalconnection"
    );
    let common: Vec<_> = action
        .keys()
        .filter(|(scope, _)| *scope == KeyScope::Common)
        .collect();
    let source_ip = common
        .iter()
        .find(|(_, key)| key.name() == "acs:SourceIp")
        .unwrap();
    assert_eq!(source_ip.1.key_type(), Some(KeyType::IpAddress));

    let confirm = catalog.action("vpc:ConfirmPhysicalConnection").unwrap();
    assert_eq!(confirm.access_level(), Some(AccessLevel::Get));
    assert_eq!(confirm.has_resource_level(), Some(false));
    assert!(confirm.note().is_some());
}

#[test]
fn spot_checks() {
    let catalog = built_in();
    let needed = |name: &str| -> Vec<_> {
        let needed = catalog.operation(name);
        needed
            .into_iter()
            .map(|needed| needed.action.name())
            .collect()
    };
    assert_eq!(needed("oss:HeadObject"), ["oss:GetObject"]);
    assert_eq!(needed("oss:CopyObject"), ["oss:GetObject", "oss:PutObject"]);
    assert_eq!(needed("cbn:CreateCen"), ["cen:CreateCen"]);
    assert_eq!(needed("cen:CreateCen"), ["cen:CreateCen"]);
    assert_eq!(
        needed("vpc:CancelPhysicalConnection"),
        ["vpc:CancelPhysicalConnection"]
    );
    assert_eq!(catalog.closest_service("sls"), Some("log"));
    assert!(catalog.service("sls").is_none());
    assert!(catalog.is_unlisted("vpc:CancelPhysicalConection"));
    assert!(
        !catalog.is_unlisted("oss:NeverHeardOf"),
        "OSS is not listed completely"
    );
    let role = catalog.action("sts:AssumeRole").unwrap();
    assert!(role.may_be_on("acs:ram::1234567890123456:role/ops"));
    assert!(!role.may_be_on("acs:ram::1234567890123456:user/ops"));
    assert_eq!(
        catalog.key("ACS:ResourceTag/team").unwrap().name(),
        "acs:ResourceTag/"
    );
}
