"""Writes the stop words of StopWordsRemover.loadDefaultStopWords as C++, from the pyspark package's own jar: make_stop_words.py OUT."""
import importlib.util
import pathlib
import sys
import zipfile

FOLDER = "org/apache/spark/ml/feature/stopwords/"
# In the order in which Spark names them.
LANGUAGES = ("french", "spanish", "german", "finnish", "russian", "norwegian", "dutch", "danish", "hungarian", "italian", "swedish",
             "portuguese", "turkish", "english")


def quoted(text: str) -> str:
    return '"' + "".join(f"\\{byte:03o}" if byte < 0x20 or byte >= 0x7F or byte in b'"\\?' else chr(byte) for byte in text.encode()) + '"'


def main() -> None:
    package = pathlib.Path(importlib.util.find_spec("pyspark").origin).parent
    (jar,) = (package / "jars").glob("spark-mllib_*.jar")
    lists = []
    with zipfile.ZipFile(jar) as opened:
        for language in LANGUAGES:
            words = opened.read(f"{FOLDER}{language}.txt").decode().splitlines()
            text = "\n      ".join(quoted(word + ("\n" if i + 1 < len(words) else "")) for i, word in enumerate(words))
            lists.append(f"    {{{quoted(language)},\n      {text}}},\n")
    pathlib.Path(sys.argv[1]).write_text(
        '#include "src/ml/stop_words_remover/stop_words.h"\n\nnamespace soteria::ml::internal {\n\n'
        f"const StopWordList kStopWordLists[] = {{\n{''.join(lists)}}};\n"
        f"const size_t kStopWordListCount = {len(lists)};\n\n}}  // namespace soteria::ml::internal\n")


if __name__ == "__main__":
    main()
