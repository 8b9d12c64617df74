//! Has the user pressed Ctrl-C?

use std::ffi::c_void;

// R's C API, not declared by extendr: `R_CheckUserInterrupt` leaves by a long jump when an interrupt is pending;
// `R_ToplevelExec` catches that jump and returns 0.
unsafe extern "C" {
    fn R_CheckUserInterrupt();
    fn R_ToplevelExec(function: Option<unsafe extern "C" fn(*mut c_void)>, data: *mut c_void) -> i32;
}

unsafe extern "C" fn check(_: *mut c_void) {
    // SAFETY: called by R on its main thread through R_ToplevelExec; this frame owns nothing that a jump would leak.
    unsafe { R_CheckUserInterrupt() }
}

/// Whether an interrupt is pending; it is taken. Call on R's main thread only.
pub fn pending() -> bool {
    // SAFETY: all callers run on R's main thread; the jump out of `check` ends inside R_ToplevelExec.
    unsafe { R_ToplevelExec(Some(check), std::ptr::null_mut()) == 0 }
}
