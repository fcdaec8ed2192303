/* Everything of Lifoguard. Each header can be included alone. */
#ifndef LIFOGUARD_LIFOGUARD_H
#define LIFOGUARD_LIFOGUARD_H

#include <lifoguard/base.h>
#include <lifoguard/defer.h>
#include <lifoguard/duration.h>
#include <lifoguard/error.h>
#include <lifoguard/panic.h>
#include <lifoguard/pending.h>

#endif
