/* version.h - what this is. The build may say otherwise: -DQUIRE_VERSION. */
#pragma once

#ifndef QUIRE_VERSION
#define QUIRE_VERSION "0.1.0"
#endif
