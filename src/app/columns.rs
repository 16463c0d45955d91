//! The columns of the risky users: which there are, which are shown, in which order, and in how much room.

use toml::Spanned;
use toml::de::DeValue;

use super::config_problem::ConfigProblem;
use super::format::{level, state};
use super::sort;
use super::times::Times;
use crate::domain::catalogue;
use crate::domain::facts;
use crate::domain::records::{RiskDetection, UserRecords};
use crate::domain::risk::RiskDetail;
use crate::domain::time::Timestamp;

/// A column of the risky users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserColumn {
    /// Risk level.
    Level,
    /// Name, and what is special about the user. Always shown.
    User,
    /// Open detections, and whether there is token theft.
    Detections,
    /// When the risk last changed.
    Updated,
    /// Risk state.
    State,
    /// Risk detail: what brought it there.
    Detail,
    /// The type of the newest detection.
    Newest,
    /// Sign-ins whose risk is open.
    SignIns,
    /// Whether the evidence can still be looked at.
    Evidence,
    /// Whether the account may sign in.
    Enabled,
    /// Whether the user is registered for multifactor authentication.
    Mfa,
    /// Member or guest.
    Type,
    /// Whether the account is synchronised from on-premises.
    Hybrid,
    /// When the password was last changed.
    Password,
}

/// Columns that the user keeps, however narrow the screen is.
const USER_MIN: usize = 16;
/// Columns before the first: cursor and mark.
const MARKS: usize = 3;

impl UserColumn {
    /// All columns, in the order in which they are offered.
    pub const ALL: [UserColumn; 14] = [
        UserColumn::Level,
        UserColumn::User,
        UserColumn::Detections,
        UserColumn::Updated,
        UserColumn::State,
        UserColumn::Detail,
        UserColumn::Newest,
        UserColumn::SignIns,
        UserColumn::Evidence,
        UserColumn::Enabled,
        UserColumn::Mfa,
        UserColumn::Type,
        UserColumn::Hybrid,
        UserColumn::Password,
    ];

    /// Its name in the configuration, its header, how wide it is, and what it says.
    fn about(self) -> (&'static str, &'static str, usize, &'static str) {
        match self {
            UserColumn::Level => ("level", "LEVEL", 8, "risk level"),
            UserColumn::User => ("user", "USER", 0, "name and what is special; takes the room that is left"),
            UserColumn::Detections => ("detections", "DETECTIONS", 14, "open detections of all, and token theft"),
            UserColumn::Updated => ("updated", "UPDATED", 10, "when the risk last changed"),
            UserColumn::State => ("state", "STATE", 12, "risk state"),
            UserColumn::Detail => ("detail", "DETAIL", 30, "risk detail: what brought it there"),
            UserColumn::Newest => ("newest", "NEWEST DETECTION", 28, "type of the newest detection"),
            UserColumn::SignIns => ("sign-ins", "SIGN-INS", 10, "sign-ins whose risk is open"),
            UserColumn::Evidence => ("evidence", "EVIDENCE", 10, "whether it can still be looked at"),
            UserColumn::Enabled => ("enabled", "ENABLED", 9, "whether the account may sign in"),
            UserColumn::Mfa => ("mfa", "MFA", 6, "registered for multifactor authentication"),
            UserColumn::Type => ("type", "TYPE", 8, "member or guest"),
            UserColumn::Hybrid => ("hybrid", "HYBRID", 8, "synchronised from on-premises"),
            UserColumn::Password => ("password", "PASSWORD", 10, "when it was last changed"),
        }
    }

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        self.about().0
    }

    /// Its header.
    pub fn header(self) -> &'static str {
        self.about().1
    }

    /// What it says.
    pub fn words(self) -> &'static str {
        self.about().3
    }

    fn find(name: &str) -> Option<UserColumn> {
        UserColumn::ALL.into_iter().find(|column| column.name() == name)
    }

    /// The order that its header stands for.
    pub fn sort(self) -> Option<sort::Column> {
        Some(match self {
            UserColumn::Level => sort::Column::Risk,
            UserColumn::User => sort::Column::User,
            UserColumn::Detections => sort::Column::Detections,
            UserColumn::Updated => sort::Column::Updated,
            UserColumn::State => sort::Column::State,
            _ => return None,
        })
    }

    /// What it says of a user; "?" where it was not read. Hostile text.
    pub fn text(self, records: &UserRecords, times: Times) -> String {
        let user = &records.user;
        let directory = &records.directory;
        let yes = |fact: Option<bool>| fact.map_or("?", |holds| if holds { "yes" } else { "no" }).to_owned();
        let when = |at: Option<Timestamp>| at.map_or_else(|| "?".to_owned(), |at| times.age(at));
        match self {
            UserColumn::Level => level(user.risk_level.as_ref()).into_owned(),
            UserColumn::User => user.name().to_owned(),
            UserColumn::Detections => {
                let (open, all) = (facts::open_detections(records), records.detections.len());
                if open == all { open.to_string() } else { format!("{open}/{all}") }
            }
            UserColumn::Updated => when(user.risk_last_updated_date_time),
            UserColumn::State => state(user.risk_state.as_ref()).into_owned(),
            UserColumn::Detail => match &user.risk_detail {
                None => "?".to_owned(),
                Some(RiskDetail::None) => "–".to_owned(),
                Some(detail) => detail.as_str().to_owned(),
            },
            UserColumn::Newest => {
                let newest = records.detections.iter().max_by_key(|detection| RiskDetection::at(detection));
                newest.map_or("–", |detection| detection.risk_event_type.as_deref().map_or("?", catalogue::name)).to_owned()
            }
            UserColumn::SignIns => records.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true)).count().to_string(),
            UserColumn::Evidence => facts::evidence(records, times.now).as_str().to_owned(),
            UserColumn::Enabled => yes(directory.account_enabled),
            UserColumn::Mfa => yes(directory.is_mfa_registered),
            UserColumn::Type => directory.user_type.as_deref().map_or("?".to_owned(), str::to_lowercase),
            UserColumn::Hybrid => yes(directory.on_premises_sync_enabled),
            UserColumn::Password => when(directory.last_password_change_date_time),
        }
    }
}

/// The columns that are shown, in order; the user is always among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserColumns(pub(super) Vec<UserColumn>);

impl Default for UserColumns {
    fn default() -> Self {
        UserColumns(UserColumn::ALL.into_iter().take(5).collect())
    }
}

impl UserColumns {
    /// These, each once; the user is put first where it is missing.
    pub(super) fn of(chosen: impl IntoIterator<Item = UserColumn>) -> Self {
        let mut columns = Vec::new();
        for column in chosen {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        if !columns.contains(&UserColumn::User) {
            columns.insert(0, UserColumn::User);
        }
        UserColumns(columns)
    }

    /// As the workspace remembers them. What a later version may have added is left out; `None` for nothing.
    pub(super) fn remembered(text: &str) -> Option<Self> {
        let known: Vec<UserColumn> = text.split(',').filter_map(UserColumn::find).collect();
        (!known.is_empty()).then(|| UserColumns::of(known))
    }

    pub(super) fn to_remember(&self) -> String {
        self.0.iter().map(|column| column.name()).collect::<Vec<_>>().join(",")
    }

    /// What fits into this room, each with how wide it is: columns are dropped from the right, but never the user.
    pub fn shown(&self, room: usize) -> Vec<(UserColumn, usize)> {
        let mut shown = self.0.clone();
        let taken = |shown: &[UserColumn]| MARKS + shown.iter().map(|column| column.about().2).sum::<usize>();
        while taken(&shown) + USER_MIN > room
            && let Some(last) = shown.iter().rposition(|column| *column != UserColumn::User)
        {
            shown.remove(last);
        }
        let left = room.saturating_sub(taken(&shown));
        let width = |column: UserColumn| if column == UserColumn::User { left } else { column.about().2 };
        shown.into_iter().map(|column| (column, width(column))).collect()
    }

    /// Reads `[columns]` of the configuration. What does not work is reported with its line. A column that there is not is left out; where
    /// none is left, the usual ones are shown.
    pub fn read(text: &str, table: &Spanned<DeValue<'_>>, problems: &mut Vec<ConfigProblem>) -> UserColumns {
        let names = || UserColumn::ALL.map(UserColumn::name).join(", ");
        let mut problem = |at: usize, message: String| problems.push(ConfigProblem::at(text, at, message));
        let Some(entries) = table.get_ref().as_table() else {
            problem(table.span().start, "columns is a section: [columns], then users = [\"level\", \"user\"]".to_owned());
            return UserColumns::default();
        };
        let mut columns = UserColumns::default();
        for (name, value) in entries {
            let at = value.span().start;
            if name.get_ref() != "users" {
                problem(name.span().start, format!("there are no columns of {:?}; only users has some to choose", name.get_ref()));
                continue;
            }
            let Some(listed) = value.get_ref().as_array() else {
                problem(at, format!("users takes a list of columns: {}", names()));
                continue;
            };
            let mut chosen = Vec::new();
            for item in listed {
                match item.get_ref().as_str().and_then(UserColumn::find) {
                    Some(column) if chosen.contains(&column) => problem(item.span().start, format!("{} stands twice", column.name())),
                    Some(column) => chosen.push(column),
                    None => {
                        let named = item.get_ref().as_str().map_or_else(|| "This".to_owned(), |name| format!("{name:?}"));
                        problem(item.span().start, format!("{named} is no column of the users, and is left out; there are {}", names()));
                    }
                }
            }
            if chosen.is_empty() {
                problem(at, format!("no column is left, so the usual ones are shown; there are {}", names()));
                continue;
            }
            if !chosen.contains(&UserColumn::User) {
                problem(at, "user is missing, and is put first: without it nobody can tell who it is".to_owned());
            }
            columns = UserColumns::of(chosen);
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{now, risky_user};
    use toml::de::DeTable;

    fn names(columns: &UserColumns) -> Vec<&'static str> {
        columns.0.iter().map(|column| column.name()).collect()
    }

    fn read(text: &str) -> (UserColumns, Vec<ConfigProblem>) {
        let mut problems = Vec::new();
        let table = DeTable::parse(text).unwrap();
        let columns = UserColumns::read(text, table.get_ref().get("columns").unwrap(), &mut problems);
        (columns, problems)
    }

    #[test]
    fn narrow_screens_drop_columns_from_the_right_but_never_the_user() {
        let all = UserColumns::of(UserColumn::ALL);
        for room in 0..300 {
            let shown = all.shown(room);
            assert!(shown.iter().any(|(column, _)| *column == UserColumn::User), "{room}");
            let total = MARKS + shown.iter().map(|(_, width)| width).sum::<usize>();
            assert!(total == room.max(MARKS), "{room}: {total}");
            let kept: Vec<UserColumn> = shown.iter().map(|(column, _)| *column).filter(|column| *column != UserColumn::User).collect();
            let first: Vec<UserColumn> =
                UserColumn::ALL.into_iter().filter(|column| *column != UserColumn::User).take(kept.len()).collect();
            assert_eq!(kept, first, "{room}");
        }
    }

    #[test]
    fn columns_come_from_the_configuration() {
        let (columns, problems) = read("[columns]\nusers = [\"user\", \"mfa\", \"level\"]\n");
        assert_eq!((names(&columns), problems), (vec!["user", "mfa", "level"], vec![]));
        let (columns, problems) = read("[columns]\nusers = [\n  \"level\",\n  \"phone\",\n  \"level\",\n]\nsign-ins = []\n");
        assert_eq!(names(&columns), ["user", "level"]);
        let mut told: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        told.sort_unstable();
        assert_eq!(told, [2, 4, 5, 7]);
        assert!(problems.iter().any(|problem| problem.message.contains("evidence, enabled, mfa")), "{problems:?}");
        for empty in ["[columns]\nusers = []\n", "[columns]\nusers = \"level\"\n", "columns = 3\n"] {
            let (columns, problems) = read(empty);
            assert_eq!((columns, problems.len()), (UserColumns::default(), 1), "{empty}");
        }
    }

    #[test]
    fn every_column_says_what_was_read_and_a_question_mark_where_it_was_not() {
        let times = Times { zone: Default::default(), form: Default::default(), now: now() };
        let text =
            |records: &UserRecords| UserColumn::ALL.into_iter().map(|column| column.text(records, times)).collect::<Vec<_>>().join(" | ");
        let mut records = risky_user("adele", "anomalousToken");
        records.directory = crate::domain::records::Directory {
            account_enabled: Some(true),
            user_type: Some("Guest".into()),
            is_mfa_registered: Some(false),
            ..Default::default()
        };
        insta::assert_snapshot!(text(&records), @"MEDIUM | User adele | 1 | 1 h | at risk | – | Anomalous token | 1 | fresh | yes | no | guest | ? | ?");
    }
}
