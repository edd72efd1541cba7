# A formula for Homebrew on Linux. packaging/README.md says what was checked.
class Fastintent < Formula
  desc "Fine-tunes and serves intent classifiers of the BERT family"
  homepage "https://github.com/OWNER/fastintent"
  url "https://github.com/OWNER/fastintent/archive/refs/tags/v0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "Apache-2.0"

  depends_on "cli11" => :build
  depends_on "cmake" => :build
  depends_on "ninja" => :build
  depends_on "nlohmann-json" => :build
  depends_on "python@3.13" => :build # the man pages and completions
  depends_on "xxhash" => :build
  depends_on "curl" # loaded for models by name, as OpenSSL
  depends_on "fmt"
  depends_on "highway"
  depends_on "libcsv"
  depends_on :linux
  depends_on "onednn"
  depends_on "openssl@3"

  def install
    system "cmake", "-S", ".", "-B", "build", "-G", "Ninja", *std_cmake_args
    system "cmake", "--build", "build"
    system "cmake", "--install", "build"
    # Homebrew's places of completions differ from Debian's.
    bash_completion.install share/"bash-completion/completions/fastintent"
    zsh_completion.install share/"zsh/vendor-completions/_fastintent"
    fish_completion.install share/"fish/vendor_completions.d/fastintent.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/fastintent --version")
    (testpath/"messages.csv").write "text,intent\nhello,greet\n"
    output = shell_output("#{bin}/fastintent train --model absent --train messages.csv --output out 2>&1", 66)
    assert_match "absent", output
  end
end
