//! The books: every table whose rows are sealed, one line each, and those that are not, with the reason. A new table joins
//! here; a test refuses a table that is in neither list.

/// By what a table's rows belong to a subject.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum By {
    /// The meter in this column.
    Meter(&'static str),
    /// The customer's account in this column.
    Account(&'static str),
    /// The meter where there is one, else the customer: transfers.
    MeterOrCustomer,
    /// As the transfer that a posting is of.
    Transfer,
    /// The text in this column, after a prefix.
    Name(&'static str, &'static str),
    /// One subject for the whole table.
    Whole(&'static str),
}

/// A table whose rows are sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Book {
    /// The table.
    pub(crate) table: &'static str,
    /// Its key, which names a row.
    pub(crate) key: &'static [&'static str],
    /// Whose its rows are.
    pub(crate) by: By,
    /// Whether a row may be written again; else it is written once, for ever.
    pub(crate) changes: bool,
}

const fn once(table: &'static str, key: &'static [&'static str], by: By) -> Book {
    Book { table, key, by, changes: false }
}

const fn kept(table: &'static str, key: &'static [&'static str], by: By) -> Book {
    Book { table, key, by, changes: true }
}

pub(crate) const AUDIT: Book = once("audit", &["subject", "sequence"], By::Name("subject", ""));
pub(crate) const BLOCKS: Book = kept("blocks", &["meter", "version"], By::Meter("meter"));
pub(crate) const CASE_EVENTS: Book =
    once("case_events", &["meter", "number", "sequence"], By::Meter("meter"));
pub(crate) const CASES: Book = kept("cases", &["meter", "number"], By::Meter("meter"));
pub(crate) const CATALOGUES: Book =
    once("catalogues", &["catalogue", "version"], By::Name("catalogue", "catalogue "));
pub(crate) const CUSTOMERS: Book = kept("customers", &["account"], By::Account("account"));
pub(crate) const DEVICE_KEYS: Book =
    kept("device_keys", &["meter", "generation"], By::Meter("meter"));
pub(crate) const INSPECTIONS: Book =
    once("inspections", &["meter", "sequence", "attempt"], By::Meter("meter"));
pub(crate) const LOSSES: Book = kept("losses", &["meter", "number"], By::Meter("meter"));
pub(crate) const METERS: Book = kept("meters", &["serial"], By::Meter("serial"));
pub(crate) const POSTINGS: Book = once("postings", &["customer", "transfer", "line"], By::Transfer);
pub(crate) const RATE_TABLES: Book = once("rate_tables", &["name"], By::Whole("rates"));
pub(crate) const REFILLS: Book = once("refills", &["meter", "sequence"], By::Meter("meter"));
pub(crate) const REFUNDED_MARKS: Book =
    once("refunded_marks", &["meter", "pieces"], By::Account("customer"));
pub(crate) const REPLACEMENTS: Book = once("replacements", &["meter"], By::Meter("meter"));
pub(crate) const ROLE_KEYS: Book = kept("role_keys", &["role", "generation"], By::Whole("keys"));
pub(crate) const SPOILED_CLAIMS: Book =
    once("spoiled_claims", &["customer", "number"], By::Account("customer"));
pub(crate) const TRANSFERS: Book = once("transfers", &["customer", "id"], By::MeterOrCustomer);
pub(crate) const WITHDRAWALS: Book = once("withdrawals", &["meter"], By::Meter("meter"));

/// Every sealed table.
pub(crate) const BOOKS: &[Book] = &[
    AUDIT,
    BLOCKS,
    CASES,
    CASE_EVENTS,
    CATALOGUES,
    CUSTOMERS,
    DEVICE_KEYS,
    INSPECTIONS,
    LOSSES,
    METERS,
    POSTINGS,
    RATE_TABLES,
    REFILLS,
    REFUNDED_MARKS,
    REPLACEMENTS,
    ROLE_KEYS,
    SPOILED_CLAIMS,
    TRANSFERS,
    WITHDRAWALS,
];

/// Tables without seals, and why that is enough.
#[cfg(test)]
pub(crate) const UNSEALED: &[(&str, &str)] = &[
    ("_sqlx_migrations", "the schema’s versions, checked when the store is opened"),
    ("contacts", "the number of the last contact, which the device presents again: no money"),
    ("identities", "held against the keys and the authority on disk when the store is opened"),
    ("machine_settings", "what a customer set, kept for the next machine: no money"),
    ("mark_days", "which tables of marks there are: no money"),
    ("mark_runs", "what was accepted at the sorting centre: no money"),
    (
        "records",
        "chained by the device; count and last chain value stand in the meter’s sealed row",
    ),
    ("seals", "each carries its own digest, and they are numbered without a gap"),
    ("sign_ins", "nonces that are forgotten after their time"),
    ("sorters", "each is added and revoked in a sealed line of the audit log"),
];

impl Book {
    /// The table of that name.
    pub(crate) fn named(table: &str) -> Option<&'static Book> {
        BOOKS.iter().find(|book| book.table == table)
    }

    /// The rows of a meter, of an account (`$1` is its number) or of a name (`$1` is the text), in order; none where the
    /// table has no rows of that sort.
    pub(super) fn of_meter(&self) -> Option<String> {
        let of = match self.by {
            By::Meter(column) => format!("{column} = $1"),
            By::MeterOrCustomer => "meter = $1".to_owned(),
            By::Transfer => return Some(postings("t.meter = $1")),
            By::Account(_) | By::Name(_, "") | By::Name(..) | By::Whole(_) => return None,
        };
        Some(self.select(&of))
    }

    pub(super) fn of_account(&self) -> Option<String> {
        let of = match self.by {
            By::Account(column) => format!("{column} = $1"),
            By::MeterOrCustomer => "customer = $1 AND meter IS NULL".to_owned(),
            By::Transfer => return Some(postings("t.customer = $1 AND t.meter IS NULL")),
            By::Meter(_) | By::Name(..) | By::Whole(_) => return None,
        };
        Some(self.select(&of))
    }

    /// The rows under a name and what stands for `$1`.
    pub(super) fn of_name<'s>(&self, subject: &'s str) -> Option<(String, Option<&'s str>)> {
        match self.by {
            By::Name(column, prefix) => {
                let name = subject.strip_prefix(prefix)?;
                Some((self.select(&format!("{column} = $1")), Some(name)))
            }
            By::Whole(name) if name == subject => Some((self.select("1 = 1"), None)),
            _ => None,
        }
    }

    fn select(&self, of: &str) -> String {
        format!("SELECT * FROM {} WHERE {of} ORDER BY {}", self.table, self.key.join(", "))
    }
}

fn postings(of: &str) -> String {
    format!(
        "SELECT p.* FROM transfers t JOIN postings p ON p.customer = t.customer AND p.transfer = t.id
         WHERE {of} ORDER BY p.customer, p.transfer, p.line"
    )
}
