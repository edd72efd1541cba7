#pragma once

#include "model/family.h"

// One declaration per family; the definition is in the file of its name, its row in
// model/family.cpp.
namespace fastintent {

extern const Family bert_family;
extern const Family distilbert_family;

}  // namespace fastintent
