#pragma once

#include <memory>

#include "../dialect.h"
#include "request_json.h"

namespace fastintent::serve {

/// POST /v1/predict.
std::unique_ptr<Dialect> make_native();
/// Text Embeddings Inference: POST /predict, GET /info; and POST /, which it shares with
/// huggingface_hub.
std::unique_ptr<Dialect> make_tei();
/// Hugging Face's inference API: POST /models/{model}.
std::unique_ptr<Dialect> make_hugging_face();
/// The Open Inference Protocol v2 as Triton's clients speak it: /v2.
std::unique_ptr<Dialect> make_open_inference();
/// POST /classify and /v1/classify, GET /v1/models.
std::unique_ptr<Dialect> make_vllm();
/// KServe v1 and Vertex AI: POST /v1/models/{model}:predict, /vertex and the path in the variable
/// AIP_PREDICT_ROUTE.
std::unique_ptr<Dialect> make_kserve_v1();
/// SageMaker and MLflow's scoring server: POST /invocations, in JSON, CSV or lines of text.
std::unique_ptr<Dialect> make_sagemaker();
/// Rasa: POST /model/parse.
std::unique_ptr<Dialect> make_rasa();
/// Azure's conversational language understanding: POST /language/:analyze-conversations.
std::unique_ptr<Dialect> make_azure();

// Several clients post to "/", "/predict" and "/invocations". The keys of the body tell them apart.

/// Reads a body by its keys: "instances" is KServe's and Vertex AI's, "dataframe_split" and
/// "dataframe_records" are MLflow's, "parameters" beside "inputs" is huggingface_hub's, which always
/// sends it, and "inputs" alone is TEI's.
PredictionCall read_by_keys(const HttpRequest& request);

PredictionCall read_tei(const RequestValue& body);
PredictionCall read_hugging_face(const RequestValue& body);
PredictionCall read_instances(const RequestValue& body);
PredictionCall read_data_frame(const RequestValue& body);

}  // namespace fastintent::serve
