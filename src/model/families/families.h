#pragma once

#include "model/family.h"

// One declaration per family; the definition is in the file of its name, its row in
// model/family.cpp.
namespace fastintent {

extern const Family kBertFamily;
extern const Family kDistilBertFamily;

}  // namespace fastintent
