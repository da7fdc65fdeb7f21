/* SPDX-License-Identifier: MIT */
/* Small tasks that the cases on networks and data share. */
#ifndef HONE_CHECK_TASKS_H
#define HONE_CHECK_TASKS_H
#include "hone/task.h"

enum { TASK_TABLE = 0, TASK_IMAGE = 1, TASK_REGRESSION = 2, TASK_GREY = 3, TASK_NUMBER = 4, TASKS = 5 };
extern const hone_task check_tasks[TASKS];
extern const char *const check_task_names[TASKS];
#endif
