/* SPDX-License-Identifier: MIT */
/* `hone worker`: the process that evaluates trials. It is started by a coordinator only. */
#ifndef HONE_WORKER_WORKER_H
#define HONE_WORKER_WORKER_H
/* Serves the coordinator on WORKER_CHANNEL_FD until the channel ends. Exit status. */
int worker_main(void);
#endif
