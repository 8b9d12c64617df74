//! The terms of the training objective, each a scalar tensor whose gradient candle derives.
//!
//! All take spots x dimensions tensors of one float type and return a tensor without dimensions. None forms a
//! spots x spots matrix.

mod consistency;
mod kl;
mod prototype;
mod reconstruction;
mod scale;
mod telescope;

pub use consistency::consistency;
pub use kl::kl_to_prior;
pub use prototype::{PrototypeLevel, prototypical_contrast};
pub use reconstruction::reconstruction;
pub use scale::{ScaleNeighbours, similarity_scale_matching};
pub use telescope::{telescope, telescope_pairwise};

use candle_core::{D, Result, Tensor};

/// tr(AᵀB) of two matrices of one shape: the sum of their entrywise product.
pub(crate) fn inner(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    (a * b)?.sum_all()
}

/// The products of equal rows of two matrices of one shape, one value a row.
pub(crate) fn inner_rows(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    (a * b)?.sum(D::Minus1)
}

#[cfg(test)]
pub(crate) mod testing {
    //! Golden values of the published implementations and finite differences.

    use candle_core::{DType, Device, Result, Tensor, Var};
    use serde_json::Value;

    /// A section of the golden file.
    pub fn golden(section: &str) -> Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/spotscape_losses.json");
        let text = std::fs::read_to_string(path).expect("golden file");
        serde_json::from_str::<Value>(&text).expect("golden file is JSON")[section].clone()
    }

    /// A matrix of the golden file.
    pub fn matrix(value: &Value, dtype: DType) -> Tensor {
        let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).expect("a matrix");
        Tensor::new(rows, &Device::Cpu).and_then(|tensor| tensor.to_dtype(dtype)).expect("a matrix")
    }

    /// A number of the golden file.
    pub fn number(value: &Value) -> f64 {
        value.as_f64().expect("a number")
    }

    /// Asserts that two tensors differ by at most `tolerance` anywhere.
    pub fn assert_close(found: &Tensor, expected: &Tensor, tolerance: f64) {
        let difference = (found.to_dtype(DType::F64).unwrap() - expected.to_dtype(DType::F64).unwrap()).unwrap();
        let worst = difference.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f64>().unwrap();
        assert!(worst <= tolerance, "differs by {worst:e}, more than {tolerance:e}");
    }

    /// Checks a loss and its gradient in both inputs against the golden values in f64 (1e-10) and f32 (1e-5).
    pub fn assert_golden_pair(section: &str, inputs: [&str; 2], loss: impl Fn(&Tensor, &Tensor) -> Result<Tensor>) {
        let golden = golden(section);
        for (dtype, tolerance) in [(DType::F64, 1e-10), (DType::F32, 1e-5)] {
            let [a, b] = inputs.map(|name| Var::from_tensor(&matrix(&golden[name], dtype)).unwrap());
            let value = loss(&a, &b).unwrap();
            let gradients = value.backward().unwrap();
            let expected = Tensor::new(number(&golden["loss"]), &Device::Cpu).unwrap();
            assert_close(&value, &expected, tolerance);
            for (variable, name) in [(&a, inputs[0]), (&b, inputs[1])] {
                if let Some(gradient) = golden.get(format!("grad_{name}")) {
                    assert_close(gradients.get(variable).unwrap(), &matrix(gradient, dtype), tolerance);
                }
            }
        }
    }

    /// Checks the gradient of a scalar function of one f64 matrix against central differences.
    pub fn assert_finite_differences(at: &Tensor, function: impl Fn(&Tensor) -> Result<Tensor>) {
        let variable = Var::from_tensor(at).unwrap();
        let gradients = function(&variable).unwrap().backward().unwrap();
        let gradient = gradients.get(&variable).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
        let values = at.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        let step = 1e-6;
        for (entry, expected) in gradient.iter().enumerate() {
            let shifted = |by: f64| {
                let mut moved = values.clone();
                moved[entry] += by;
                let tensor = Tensor::from_vec(moved, at.shape(), &Device::Cpu).unwrap();
                function(&tensor).unwrap().to_scalar::<f64>().unwrap()
            };
            let numeric = (shifted(step) - shifted(-step)) / (2.0 * step);
            let tolerance = 1e-6 * (1.0 + expected.abs());
            assert!((numeric - expected).abs() <= tolerance, "entry {entry}: {numeric} and {expected}");
        }
    }
}
