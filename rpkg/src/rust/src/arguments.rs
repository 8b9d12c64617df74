//! Reading named parameters and vectors that R code has checked.

use extendr_api::prelude::*;
use ndarray::ArrayView2;
use starscape::counts::{Counts, Summary};
use starscape::graph::SpatialGraph;
use starscape::{Error, Result};

/// A named list of parameters.
pub struct Parameters(List);

impl Parameters {
    /// Wraps the list.
    pub fn new(list: List) -> Self {
        Parameters(list)
    }

    /// The value of a name, if it is there and not NULL.
    pub fn value(&self, name: &str) -> Option<Robj> {
        self.0.iter().find(|(own, value)| *own == name && !value.is_null()).map(|(_, value)| value)
    }

    /// A number, or `None` when it is missing or NULL.
    pub fn optional_number(&self, name: &'static str) -> Result<Option<f64>> {
        let number = |value: Robj| value.as_real().or_else(|| value.as_integer().map(f64::from));
        match self.value(name) {
            None => Ok(None),
            Some(value) => number(value).map(Some).ok_or_else(|| Error::argument(name, "must be one number")),
        }
    }

    /// A number.
    pub fn number(&self, name: &'static str) -> Result<f64> {
        self.optional_number(name)?.ok_or_else(|| Error::argument(name, "is missing"))
    }

    /// A whole number that is not negative.
    pub fn whole(&self, name: &'static str) -> Result<usize> {
        self.optional_whole(name)?.ok_or_else(|| Error::argument(name, "is missing"))
    }

    /// A whole number that is not negative, or `None` when it is missing or NULL.
    pub fn optional_whole(&self, name: &'static str) -> Result<Option<usize>> {
        match self.optional_number(name)? {
            None => Ok(None),
            Some(value) if value >= 0.0 && value.fract() == 0.0 && value < 9e15 => Ok(Some(value as usize)),
            Some(value) => Err(Error::argument(name, format!("must be a whole number, 0 or more, not {value}"))),
        }
    }

    /// A word, translated by `meaning`.
    pub fn choice<T>(&self, name: &'static str, meaning: impl Fn(&str) -> Option<T>) -> Result<T> {
        let word = self.value(name).and_then(|value| value.as_str().map(str::to_owned));
        let word = word.ok_or_else(|| Error::argument(name, "must be one word"))?;
        meaning(&word).ok_or_else(|| Error::argument(name, format!("cannot be \"{word}\"")))
    }

    /// Words, or `None` when missing or NULL.
    pub fn optional_words(&self, name: &'static str) -> Result<Option<Vec<String>>> {
        let words = |value: Robj| value.as_string_vector().ok_or_else(|| Error::argument(name, "must be words"));
        self.value(name).map(words).transpose()
    }

    /// Whole numbers, or `None` when missing or NULL.
    pub fn indices(&self, name: &'static str) -> Result<Option<Vec<usize>>> {
        self.value(name).map(|value| indices(&value, name)).transpose()
    }
}

/// A vector of whole numbers that are not negative.
pub fn indices(value: &Robj, argument: &'static str) -> Result<Vec<usize>> {
    let whole = |number: f64| (number >= 0.0 && number.fract() == 0.0).then_some(number as usize);
    let found: Option<Vec<usize>> = match (value.as_integer_slice(), value.as_real_slice()) {
        (Some(integers), _) => integers.iter().map(|&number| usize::try_from(number).ok()).collect(),
        (None, Some(numbers)) => numbers.iter().map(|&number| whole(number)).collect(),
        (None, None) => return Err(Error::argument(argument, "must be whole numbers")),
    };
    found.ok_or_else(|| Error::argument(argument, "must be whole numbers, 0 or more"))
}

/// Slice or block of each spot, numbers from 0; NULL puts all in one.
pub fn groups(value: &Robj, spots: usize, argument: &'static str) -> Result<Vec<usize>> {
    if value.is_null() { Ok(vec![0; spots]) } else { indices(value, argument) }
}

/// Labels numbered from 1 as numbers from 0; NA and 0 as none.
pub fn labels(values: &[Rint]) -> Vec<Option<usize>> {
    let label = |value: &Rint| Option::<i32>::from(*value).and_then(|label| usize::try_from(label - 1).ok());
    values.iter().map(label).collect()
}

/// The slots of a `dgCMatrix`, kept alive while the core reads them in place.
pub struct CountSlots {
    values: Robj,
    rows: Robj,
    offsets: Robj,
    dim: Robj,
    argument: &'static str,
}

impl CountSlots {
    /// Finds the slots.
    pub fn new(counts: &Robj, argument: &'static str) -> Result<Self> {
        let slot = |name| counts.get_attrib(name).ok_or_else(|| broken(argument));
        Ok(CountSlots { values: slot("x")?, rows: slot("i")?, offsets: slot("p")?, dim: slot("Dim")?, argument })
    }

    /// The counts, without a copy of them.
    pub fn read(&self) -> Result<Counts<'_>> {
        self.slots(Counts::new)
    }

    /// What the matrix holds, whatever its values are.
    pub fn summary(&self) -> Result<Summary> {
        self.slots(Summary::of)
    }

    /// What `make` makes of the numbers of genes and spots, offsets, rows and values.
    fn slots<'a, T>(
        &'a self,
        make: impl FnOnce(usize, usize, &'a [i32], &'a [i32], &'a [f64]) -> Result<T>,
    ) -> Result<T> {
        let broken = || broken(self.argument);
        let values = self.values.as_real_slice().ok_or_else(broken)?;
        let [genes, spots] = self.dim.as_integer_slice().ok_or_else(broken)? else { return Err(broken()) };
        let offsets = self.offsets.as_integer_slice().ok_or_else(broken)?;
        let rows = self.rows.as_integer_slice().ok_or_else(broken)?;
        make(*genes as usize, *spots as usize, offsets, rows, values)
    }
}

fn broken(argument: &'static str) -> Error {
    Error::argument(argument, "is not a sparse matrix of counts")
}

/// The columns of a matrix of whole numbers that are not negative.
pub fn columns(value: &Robj, argument: &'static str) -> Result<Vec<Vec<usize>>> {
    let cells = indices(value, argument)?;
    if value.nrows() == 0 || cells.is_empty() {
        return Err(Error::argument(argument, "must be a matrix with rows and columns"));
    }
    Ok(cells.chunks(value.nrows()).map(<[usize]>::to_vec).collect())
}

/// A numeric matrix, read in place.
pub fn matrix<'a>(value: &'a Robj, argument: &'static str) -> Result<ArrayView2<'a, f64>> {
    <ArrayView2<f64>>::try_from(value).map_err(|_| Error::argument(argument, "must be a numeric matrix"))
}

/// A numeric matrix read in place, or `None` for NULL.
pub fn optional_matrix<'a>(value: &'a Robj, argument: &'static str) -> Result<Option<ArrayView2<'a, f64>>> {
    if value.is_null() { Ok(None) } else { matrix(value, argument).map(Some) }
}

/// The graph of a fit, `list(offsets, neighbours)` with neighbours from 0, or `None` for NULL.
pub fn graph(value: &Robj) -> Result<Option<SpatialGraph>> {
    // extendr reads NULL as an empty list.
    if value.is_null() {
        return Ok(None);
    }
    let list = value.as_list().ok_or_else(|| Error::argument("graph", "must be a list"))?;
    let parts = Parameters::new(list);
    let part = |name| parts.indices(name)?.ok_or_else(|| Error::argument("graph", "needs offsets and neighbours"));
    SpatialGraph::from_lists(part("offsets")?, &part("neighbours")?).map(Some)
}
