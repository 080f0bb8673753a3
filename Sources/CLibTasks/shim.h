/* Of the Swift runtime: whom every new job of a task is handed to in place of the global executor. Linked, not looked up, so that it is there in a
   static program too. */
#include <stdint.h>

extern void *swift_task_enqueueGlobal_hook;
static inline void **countertop_enqueue_global_hook(void) { return &swift_task_enqueueGlobal_hook; }

/* Runs a job as the global executor does. An executor of one's own would make another job of every step that goes on nowhere in particular, or on an
   actor that is free. */
extern void swift_job_run(void *job, uintptr_t executor, uintptr_t implementation) __attribute__((swiftcall));
static inline void countertop_run_job_as_global(void *job) { swift_job_run(job, 0, 0); }
