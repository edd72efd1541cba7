#include "fastintent/quantize.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "choices.h"
#include "command_line.h"
#include "data_report.h"
#include "distinct_files.h"
#include "exit_codes.h"
#include "fastintent/dataset.h"
#include "fastintent/error.h"
#include "fastintent/printable.h"
#include "input_options.h"
#include "json.h"
#include "messages.h"
#include "output.h"
#include "stop_signal.h"

namespace fastintent::cli {
namespace {

struct QuantizeOptions {
  std::string model;
  std::string output;
  std::string data;
  DatasetOptions dataset;
  QuantizationOptions quantization;
  bool json = false;
};

void read_data(const QuantizeOptions& options, QuantizationOptions& quantization) {
  const FileFormat named = options.dataset.format;
  const FileFormat format = named == FileFormat::automatic ? format_of(options.data) : named;
  if (format != FileFormat::text) {
    LabelledTexts data = read_labelled_texts(options.data, options.dataset);
    print_message(data_report(options.data, data));
    quantization.texts = std::move(data.texts);
    quantization.labels = std::move(data.labels);
    return;
  }
  TextReader reader(options.data, options.dataset);
  quantization.texts = reader.read_all();
  const std::string warning = replaced_warning(options.data, reader.replaced());
  if (!warning.empty()) {
    print_message(warning);
  }
  if (quantization.texts.empty()) {
    throw Error(ErrorCode::invalid_data,
                fmt::format("quantize: expected texts, found none ({})", options.data));
  }
}

std::string as_text(const QuantizeOptions& options, const QuantizationReport& report) {
  constexpr double kMegabyte = 1e6;
  std::string text = fmt::format("{}: weights packed in {}, {:.1f} MB instead of {:.1f} MB\n",
                                 printable(options.output),
                                 precision_name(report.precision),
                                 static_cast<double>(report.packed_bytes) / kMegabyte,
                                 static_cast<double>(report.fp32_bytes) / kMegabyte);
  if (!report.agreement) {
    return text;
  }
  const PrecisionAgreement& agreement = *report.agreement;
  const auto line = [&](const std::string& name, const std::string& value) {
    text += fmt::format("{:<30}{}\n", name, value);
  };
  line("texts compared with fp32", fmt::format("{}", agreement.texts));
  line("same intent", fmt::format("{:.2f} %", 100 * agreement.label_agreement));
  line("largest change of confidence", fmt::format("{:.4f}", agreement.largest_confidence_change));
  if (agreement.accuracy) {
    line("accuracy",
         fmt::format(
             "{:.2f} %, fp32 {:.2f} %", 100 * *agreement.accuracy, 100 * *agreement.fp32_accuracy));
  }
  return text;
}

std::string as_json(const QuantizeOptions& options, const QuantizationReport& report) {
  JsonWriter out = line_writer();
  out.begin_object();
  out.member("output", options.output);
  out.member("precision", precision_name(report.precision));
  out.member("fp32_bytes", report.fp32_bytes);
  out.member("packed_bytes", report.packed_bytes);
  out.key("agreement");
  if (report.agreement) {
    out.begin_object();
    out.member("texts", report.agreement->texts);
    out.member("label_agreement", report.agreement->label_agreement);
    out.member("largest_confidence_change", report.agreement->largest_confidence_change);
    out.member("accuracy", report.agreement->accuracy);
    out.member("fp32_accuracy", report.agreement->fp32_accuracy);
    out.end_object();
  } else {
    out.null();
  }
  out.end_object();
  return out.text() + "\n";
}

int quantize(const QuantizeOptions& options) {
  require_distinct_files(
      "quantize", {{"--data", options.data}}, {{"--output", options.output}}, options.model);
  require_apart_from_model("quantize", {{"--data", options.data}}, options.output);
  QuantizationOptions quantization = options.quantization;
  if (!options.data.empty()) {
    read_data(options, quantization);
  }
  const StopSignal stop("\nquantize: stopping; again to stop at once\n");
  quantization.on_progress = [&](int64_t, int64_t) { return !stop.requested(); };
  const QuantizationReport report = quantize_model(options.model, options.output, quantization);
  Output output;
  output.write(options.json ? as_json(options, report) : as_text(options, report));
  output.finish();
  return kOk;
}

constexpr const char* kFooter = R"(
Examples:
  fastintent quantize --model intents --output intents-int8
  fastintent quantize --model intents --output intents-int8 --data held_out.csv
  fastintent predict --model intents-int8 "Where is my card?"

Copies the folder and adds its weights packed in int8 or bf16, which later starts read without
work. It then runs in that precision unless --precision names another; the 32-bit weights stay.
With --data it reports how the answers compare with those in 32 bits: the file is .csv, .tsv or
.jsonl with labels, or any other with one text a line, unless --format names another.)";

}  // namespace

void add_quantize_command(CLI::App& program, CommandLine& line) {
  CLI::App* command =
      program.add_subcommand("quantize", "Prepare a model to start and run faster.");
  const auto options = std::make_shared<QuantizeOptions>();
  command->add_option("--model", options->model, "trained folder")->type_name("DIR")->required();
  command->add_option("--output", options->output, "folder for the prepared model")
      ->type_name("DIR")
      ->required();
  command->add_flag("--force",
                    options->quantization.overwrite,
                    "replace a model in the output folder; it stays until the new one is whole");
  add_choice(*command,
             "--precision",
             options->quantization.precision,
             kPackedPrecisions,
             "of the packed weights");
  command->add_option("--data", options->data, "texts to compare the answers on")
      ->type_name("FILE");
  add_dataset_options(*command, options->dataset, true);
  command->add_option("--threads", options->quantization.threads, "workers; 0: one for each core")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(0));
  command->add_flag("--json", options->json, "print one JSON object instead of the report");
  command->footer(kFooter);
  command->parse_complete_callback(
      [options, &line] { line.run = [options] { return quantize(*options); }; });
}

}  // namespace fastintent::cli
