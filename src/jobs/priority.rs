//! Threads of jobs give way to those that draw.

/// Makes the calling thread give way: it works with what others leave over. Nothing happens where the system has no such
/// setting for a thread.
pub(super) fn give_way() {
    #[cfg(target_os = "linux")]
    lower();
}

/// Against threads of the usual niceness 0, a thread gets about a ninth of a processor that both want.
#[cfg(target_os = "linux")]
const NICENESS: libc::c_int = 10;

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn lower() {
    // SAFETY: the call takes numbers and touches no memory of this process. Linux takes process 0 for the calling thread
    // alone. Should it refuse, the thread stays as it was, which only costs smoothness.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
}
