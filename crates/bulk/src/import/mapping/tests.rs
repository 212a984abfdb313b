//! Which field becomes which column.

use scylla::frame::response::result::{ColumnType, NativeType};

use super::*;

fn table() -> Arc<TableSchema> {
    let native = ColumnType::Native;
    let set = CollectionType::Set(Box::new(native(NativeType::Int)));
    let set = ColumnType::Collection { frozen: false, typ: set };
    let columns = vec![
        Column::new("id", ColumnKind::PartitionKey, native(NativeType::Int)),
        Column::new("day", ColumnKind::Clustering, native(NativeType::Date)),
        Column::new("owner", ColumnKind::Static, native(NativeType::Text)),
        Column::new("Total", ColumnKind::Regular, native(NativeType::Decimal)),
        Column::new("tags", ColumnKind::Regular, set),
    ];
    Arc::new(TableSchema::new("shop.orders".parse().unwrap(), columns).unwrap())
}

fn names(text: &str) -> Vec<String> {
    text.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let pair =
        |text: String| text.split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    names(text).into_iter().map(pair).collect()
}

fn mapping(change: impl FnOnce(&mut ImportOptions)) -> Result<Mapping> {
    let mut options = ImportOptions::default();
    change(&mut options);
    Mapping::new(&table(), &options)
}

/// The fields with the columns that they are for, and after `|` the constant columns.
fn shown(file: Result<FileMapping>) -> String {
    let file = match file {
        Ok(file) => file,
        Err(error) => return format!("error: {error}"),
    };
    let table = table();
    let column = |index: usize| table.columns()[index].name.clone();
    let fields = file.schema.fields().iter().zip(&file.targets);
    let mut shown: Vec<String> = fields
        .map(|(field, target)| match target {
            Target::Value(index) => format!("{}>{}", field.name(), column(*index)),
            Target::WriteTime(index) => format!("{}>time of {}", field.name(), column(*index)),
            Target::Ttl(index) => format!("{}>life of {}", field.name(), column(*index)),
        })
        .collect();
    shown.push("|".to_owned());
    shown.extend(file.constant_columns.iter().map(|index| column(*index)));
    shown.join(" ")
}

const ALL: &str = "id day owner Total tags";

#[test]
fn fields_are_matched_by_name() {
    let plain = mapping(|_| {}).unwrap();
    let of = |fields: &str| shown(plain.of_file(Shape::Named(&names(fields)), &[]));
    assert_eq!(of("tags id Total day owner"), "tags>tags id>id Total>Total day>day owner>owner |");
    assert_eq!(
        of("id day owner Total tags writetime(Total) ttl(tags)"),
        "id>id day>day owner>owner Total>Total tags>tags writetime(Total)>time of Total \
         ttl(tags)>life of tags |"
    );
    assert!(of("id day owner tags").contains("no field is for the column \"Total\""));
    assert!(of("id day owner total tags").contains("field \"total\" is for no column"));
    assert!(of("id day owner Total tags writetime(id)").contains("primary key"));
}

#[test]
fn fields_are_mapped_skipped_and_set() {
    let some = mapping(|options| {
        options.map = pairs("order=id");
        options.skip = names("note tags");
        options.set = pairs("owner=me Total=1.50");
        options.allow_missing = true;
    })
    .unwrap();
    let of = |fields: &str| shown(some.of_file(Shape::Named(&names(fields)), &[]));
    assert_eq!(of("order day note tags"), "order>id day>day | owner Total");
    // Its name is another's now.
    assert!(of("order id day").contains("field \"id\" is for no column"));
    assert!(of("order day Total").contains("both a field of the file and a constant"));
    let shape = Shape::Objects(&[]);
    assert_eq!(shown(some.of_file(shape, &[])), "order>id day>day | owner Total");
}

#[test]
fn places_stand_for_names() {
    let plain = mapping(|_| {}).unwrap();
    assert_eq!(shown(plain.of_file(Shape::Positional, &[])), "0>id 1>day 2>owner 3>Total 4>tags |");
    let some = mapping(|options| {
        options.columns = Some(names("day id"));
        options.skip = names("1");
        options.allow_missing = true;
    });
    assert_eq!(shown(some.unwrap().of_file(Shape::Positional, &[])), "0>day 2>id |");
    let mapped = mapping(|options| {
        options.map = pairs("3=id 1=day");
        options.allow_missing = true;
    });
    let file = mapped.unwrap().of_file(Shape::Positional, &[]);
    let mut ignored = file.as_ref().unwrap().ignored.clone();
    ignored.sort();
    assert_eq!(ignored, ["0", "2"]);
    assert_eq!(shown(file), "1>day 3>id |");
}

#[test]
fn folders_give_values() {
    let plain = mapping(|_| {}).unwrap();
    let day = [("day".to_owned(), Some("2024-02-29".to_owned()))];
    let fields = names("id owner Total tags");
    assert_eq!(
        shown(plain.of_file(Shape::Named(&fields), &day)),
        "id>id owner>owner Total>Total tags>tags | day"
    );
    let odd = [("month".to_owned(), None)];
    assert!(shown(plain.of_file(Shape::Named(&names(ALL)), &odd)).contains("folder month=…"));
    let bad = [("day".to_owned(), Some("x".to_owned()))];
    assert!(shown(plain.of_file(Shape::Named(&fields), &bad)).contains("is no date"));
}

#[test]
fn what_cannot_be_is_refused() {
    for (why, refused) in [
        ("no column", mapping(|options| options.map = pairs("a=nothing"))),
        ("two fields", mapping(|options| options.map = pairs("a=id b=id"))),
        ("mapped twice", mapping(|options| options.map = pairs("a=id a=day"))),
        ("is no date", mapping(|options| options.set = pairs("day=soon"))),
        (
            "given twice",
            mapping(|options| {
                options.map = pairs("a=id");
                options.set = pairs("id=1");
            }),
        ),
        ("named twice", mapping(|options| options.columns = Some(names("id id")))),
        ("cannot be set", mapping(|options| options.set = pairs("writetime(tags)=1"))),
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
    }
    let plain = mapping(|options| options.allow_missing = true).unwrap();
    let of = |fields: &str| shown(plain.of_file(Shape::Named(&names(fields)), &[]));
    assert!(of("day Total").contains("part of the primary key"));
    assert!(of("id Total").contains("part of the primary key"));
    assert_eq!(of("id owner"), "id>id owner>owner |");
}
