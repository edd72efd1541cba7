#include "dialects.h"

namespace fastintent::serve {

PredictionCall read_by_keys(const HttpRequest& request) {
  const JsonTree tree = parse_body(request);
  const RequestValue body = root_object(tree);
  if (body.find("instances")) {
    return read_instances(body);
  }
  if (body.find("dataframe_split") || body.find("dataframe_records")) {
    return read_data_frame(body);
  }
  if (!body.find("inputs")) {
    body.refuse("a member \"inputs\", \"instances\", \"dataframe_split\" or \"dataframe_records\"",
                "none");
  }
  return body.find("parameters") ? read_hugging_face(body) : read_tei(body);
}

}  // namespace fastintent::serve
