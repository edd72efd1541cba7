#include "api/sample_texts.h"

#include <array>

#include "api/prediction_context.h"

namespace fastintent {

std::span<const std::string> sample_texts() {
  // clang-format off: each text stays whole, on one line
  static const std::array<std::string, 32> texts = {
      "hi",
      "refund please",
      "where is my card?",
      "I forgot my password",
      "How do I change my address?",
      "my parcel never arrived",
      "What is the exchange rate today?",
      "Please cancel order 48213.",
      "can i talk to a real person",
      "I was charged twice for one purchase",
      "The app closes as soon as I open it.",
      "Do you ship to Norway, and how long does it take?",
      "Why was my payment declined this morning?",
      "I would like to close my account, please.",
      "How much does it cost to send money abroad?",
      "The jacket is too small, can I swap it for a larger one?",
      "I lost my phone. How do I keep others out of my account?",
      "my transfer from last friday is still pending, what now",
      "Is there a fee for taking out cash in another country?",
      "I ordered blue shoes on Monday and got black ones instead.",
      "Could you tell me when the 256 GB model will be back in stock?",
      "Someone has used my card in a town I have never been to!",
      "How can I add my wife to our account so that we both see the bills?",
      "I topped up 50 euros yesterday but the balance in the app has not changed since.",
      "The invoice you sent shows the wrong company name. Can you send me a corrected one?",
      "I have been waiting for a reply to my last three messages for more than a week now.",
      "My subscription was renewed although I had cancelled it, and I want that money back.",
      "The courier says that it was delivered, my neighbour has seen nothing, and the tracking page has not changed for two days. What happens next?",
      "I tried to verify my identity with my passport four times. Each time the app says that the picture is too dark, although I stood beside a window in full daylight.",
      "We are moving to Lisbon in March. Which documents do you need from us so that the contract can go on under the new address, and from when on does the new price apply to us?",
      "Hello, last Tuesday I bought two concert tickets through your site. The money has left my account, yet there is no e-mail, no order in my profile, and the hotline hangs up after twenty minutes of music. Please tell me whether the booking went through, since otherwise I have to find other seats before Saturday.",
      "Good morning. In short: the washing machine that you delivered on the third leaks at the back. At length: the technician came on the ninth, changed a seal and left; on the tenth the floor was wet again; on the eleventh I called and was promised a call back that never came. I have photographs of everything, the receipt, and the name of the technician. I do not want another repair. I want either a new machine of the same kind or my money, delivery included, and I would like to hear from you by the end of this week which of the two it will be."};
  // clang-format on
  return texts;
}

std::span<const std::string> samples_or_ours(std::span<const std::string> given) {
  for (const std::string& text : given) {
    require_text(text);
  }
  return given.empty() ? sample_texts() : given;
}

}  // namespace fastintent
