/* Everything of Lifoguard. Each header can be included alone. */
#ifndef LIFOGUARD_LIFOGUARD_H
#define LIFOGUARD_LIFOGUARD_H

#include <lifoguard/base.h>
#include <lifoguard/blocking.h>
#include <lifoguard/call_once.h>
#include <lifoguard/chan.h>
#include <lifoguard/child.h>
#include <lifoguard/close.h>
#include <lifoguard/cond.h>
#include <lifoguard/context.h>
#include <lifoguard/defer.h>
#include <lifoguard/duration.h>
#include <lifoguard/environ.h>
#include <lifoguard/error.h>
#include <lifoguard/file.h>
#include <lifoguard/go.h>
#include <lifoguard/goroutines.h>
#include <lifoguard/group.h>
#include <lifoguard/io.h>
#include <lifoguard/mutex.h>
#include <lifoguard/notify.h>
#include <lifoguard/once.h>
#include <lifoguard/panic.h>
#include <lifoguard/pending.h>
#include <lifoguard/pid1.h>
#include <lifoguard/probe.h>
#include <lifoguard/readiness.h>
#include <lifoguard/registry.h>
#include <lifoguard/resolve.h>
#include <lifoguard/rwmutex.h>
#include <lifoguard/select.h>
#include <lifoguard/semaphore.h>
#include <lifoguard/shutdown.h>
#include <lifoguard/testing.h>
#include <lifoguard/timer.h>
#include <lifoguard/until.h>
#include <lifoguard/waitgroup.h>

#endif
