/* Everything of Lifoguard, storey by storey: each header uses only headers above it, and can be included alone. */
#ifndef LIFOGUARD_LIFOGUARD_H
#define LIFOGUARD_LIFOGUARD_H

/* clang-format off: the order is the order of the storeys */

/* The core: usable in any thread of any program. */
#include <lifoguard/base.h>
#include <lifoguard/defer.h>
#include <lifoguard/error.h>
#include <lifoguard/limit.h>
#include <lifoguard/move.h>
#include <lifoguard/panic.h>
#include <lifoguard/time.h>
#include <lifoguard/try.h>

/* Ready-made cleanups. */
#include <lifoguard/auto.h>
#include <lifoguard/close.h>
#include <lifoguard/file.h>
#include <lifoguard/registry.h>

/* Goroutines, and what they wait with. */
#include <lifoguard/at_once.h>
#include <lifoguard/chan.h>
#include <lifoguard/go.h>
#include <lifoguard/group.h>
#include <lifoguard/inspect.h>
#include <lifoguard/io.h>
#include <lifoguard/mutex.h>
#include <lifoguard/once.h>
#include <lifoguard/rwmutex.h>
#include <lifoguard/semaphore.h>
#include <lifoguard/testing.h>
#include <lifoguard/timer.h>
#include <lifoguard/until.h>
#include <lifoguard/waitgroup.h>

/* Contexts, services, shutdown. */
#include <lifoguard/context.h>
#include <lifoguard/service.h>
#include <lifoguard/shutdown.h>
#include <lifoguard/supervisor.h>

/* clang-format on */

#endif
