/* Of the Swift runtime: whom every new job of a task is handed to in place of the global executor. Linked, not looked up, so that it is there in a
   static program too. */
extern void *swift_task_enqueueGlobal_hook;
static inline void **countertop_enqueue_global_hook(void) { return &swift_task_enqueueGlobal_hook; }
