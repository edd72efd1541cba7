#include "cpu/matmul.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <mutex>

#include "base/fork.h"
#include "cpu/onednn/functions.h"
#include "cpu/scratch.h"
#include "fastintent/error.h"

namespace fastintent::cpu {
namespace {

using Description = dnnl::memory::desc;

bool has(dnnl::cpu_isa wanted) {
  const auto bits = static_cast<unsigned>(wanted);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & bits) == bits;
}

const dnnl::engine& engine() {
  onednn();  // before this function's own lock, which fork() does not wait for
  // Never destroyed, as the kernels below.
  static const dnnl::engine& cpu = *new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return cpu;
}

using Type = dnnl::memory::data_type;

Description factor(int64_t rows, int64_t columns, Type type, Layout layout) {
  if (layout == Layout::packed) {
    return {{rows, columns}, type, dnnl::memory::format_tag::any};
  }
  const dnnl::memory::dims strides =
      layout == Layout::row_major ? dnnl::memory::dims{columns, 1} : dnnl::memory::dims{1, rows};
  return {{rows, columns}, type, strides};
}

// Version 2 of the library wraps the shapes in an operation descriptor; version 3 does not.
template <class Product = dnnl::matmul>
typename Product::primitive_desc describe(const Description& a,
                                          const Description& b,
                                          const Description& bias,
                                          const Description& out,
                                          const dnnl::primitive_attr& options) {
  if constexpr (requires { typename Product::desc; }) {
    return {typename Product::desc(a, b, bias, out), options, engine()};
  } else {
    return {engine(), a, b, bias, out, options};
  }
}

dnnl::matmul::primitive_desc describe_shape(const MatmulShape& shape) {
  const bool int8 = shape.element == Element::int8;
  const Type both = shape.element == Element::bf16 ? Type::bf16 : Type::f32;
  dnnl::primitive_attr options;
  options.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (shape.accumulate) {
    dnnl::post_ops add_to_out;
    add_to_out.append_sum(1.0F);
    options.set_post_ops(add_to_out);
  }
  const auto row_of_bias = dnnl::memory::dims{shape.N, 1};
  return describe(factor(shape.M, shape.K, int8 ? Type::u8 : both, shape.a),
                  factor(shape.K, shape.N, int8 ? Type::s8 : both, shape.b),
                  shape.bias ? Description({1, shape.N}, Type::f32, row_of_bias) : Description(),
                  factor(shape.M, shape.N, int8 ? Type::s32 : Type::f32, Layout::row_major),
                  options);
}

// A compiled kernel; execution does not change it.
struct Kernel {
  dnnl::matmul::primitive_desc description;
  dnnl::matmul product;

  explicit Kernel(const MatmulShape& shape)
      : description(describe_shape(shape)), product(description) {}
};

const Kernel& shared_kernel(const MatmulShape& shape) {
  onednn();  // its mutex is made before the one here
  // Never destroyed: workers may still be running at the end of the program. oneDNN has locks of
  // its own, which nobody holds while nobody holds this one.
  static ForkSafeMutex& mutex = *new ForkSafeMutex;
  static auto& kernels = *new std::map<MatmulShape, Kernel>;
  const std::lock_guard lock(mutex);
  const auto found = kernels.find(shape);
  return found != kernels.end() ? found->second : kernels.emplace(shape, shape).first->second;
}

// A kernel with this thread's memory objects, so that a product only sets pointers.
struct BoundKernel {
  explicit BoundKernel(const Kernel& kernel)
      : shared(kernel),
        a(kernel.description.src_desc(), engine(), nullptr),
        b(kernel.description.weights_desc(), engine(), nullptr),
        out(kernel.description.dst_desc(), engine(), nullptr),
        scratch(kernel.description.scratchpad_desc(), engine(), nullptr),
        scratch_bytes(kernel.description.scratchpad_desc().get_size()) {
    if (kernel.description.bias_desc().get_size() != 0) {
      bias = dnnl::memory(kernel.description.bias_desc(), engine(), nullptr);
    }
  }

  const Kernel& shared;
  dnnl::memory a, b, out, scratch, bias;
  size_t scratch_bytes;
};

[[noreturn]] void rethrow(const dnnl::error& error) {
  throw Error(ErrorCode::out_of_resources,
              fmt::format("matrix product: expected a kernel of oneDNN, found: {}", error.what()));
}

}  // namespace

struct Matmul::State {
  dnnl::stream stream{engine()};
  std::map<MatmulShape, BoundKernel> kernels;
  Scratch scratch;

  BoundKernel& kernel(const MatmulShape& shape) {
    const auto found = kernels.find(shape);
    if (found != kernels.end()) {
      return found->second;
    }
    return kernels.try_emplace(shape, shared_kernel(shape)).first->second;
  }
};

Matmul::Matmul() = default;
Matmul::~Matmul() = default;

void Matmul::multiply(
    const MatmulShape& shape, const void* a, const void* b, const float* bias, void* out) {
  // A worker is one thread (law 3). The setting belongs to the calling thread, and a different
  // thread may have made the backend.
  dnnl::omp_set_num_threads(1);
  try {
    if (state_ == nullptr) {
      state_ = std::make_unique<State>();
    }
    BoundKernel& kernel = state_->kernel(shape);
    // The library's handles are mutable; factors are only read.
    kernel.a.set_data_handle(const_cast<void*>(a));
    kernel.b.set_data_handle(const_cast<void*>(b));
    kernel.out.set_data_handle(out);
    const auto floats = static_cast<int64_t>(kernel.scratch_bytes / sizeof(float) + 1);
    kernel.scratch.set_data_handle(state_->scratch.floats(floats));
    std::array<dnnl_exec_arg_t, 5> arguments{{{DNNL_ARG_SRC, kernel.a.get()},
                                              {DNNL_ARG_WEIGHTS, kernel.b.get()},
                                              {DNNL_ARG_DST, kernel.out.get()},
                                              {DNNL_ARG_SCRATCHPAD, kernel.scratch.get()}}};
    int count = 4;
    if (shape.bias) {
      kernel.bias.set_data_handle(const_cast<float*>(bias));
      arguments[count++] = {DNNL_ARG_BIAS, kernel.bias.get()};
    }
    dnnl::error::wrap_c_api(
        dnnl::dnnl_primitive_execute(
            kernel.shared.product.get(), state_->stream.get(), count, arguments.data()),
        "could not execute a matrix product");
  } catch (const dnnl::error& error) {
    rethrow(error);
  }
}

PackedMatrix pack_matrix(const int8_t* b, int64_t M, int64_t K, int64_t N) {
  dnnl::omp_set_num_threads(1);
  const MatmulShape shape{.M = M, .K = K, .N = N, .element = Element::int8, .b = Layout::packed};
  try {
    dnnl::memory plain(factor(K, N, Type::s8, Layout::row_major), engine(), const_cast<int8_t*>(b));
    auto packed = std::make_shared<dnnl::memory>(describe_shape(shape).weights_desc(), engine());
    dnnl::stream stream(engine());
    dnnl::reorder(plain, *packed).execute(stream, plain, *packed);
    stream.wait();
    return {packed, packed->get_data_handle()};
  } catch (const dnnl::error& error) {
    rethrow(error);
  }
}

bool matmul_rows_are_independent() {
  onednn();
  static const bool independent = has(dnnl::cpu_isa::avx512_core);
  return independent;
}

bool matmul_has_amx() {
  return has(dnnl::cpu_isa::avx512_core_amx);
}

}  // namespace fastintent::cpu
