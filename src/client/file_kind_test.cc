#include "src/client/file_kind.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace soteria::client {
namespace {

using std::string_literals::operator""s;

std::string WhatIs(std::string_view head, bool whole = false) {
  auto kind = KindOfBytes(head);
  if (!kind.has_value()) kind = KindOfText(head, whole);
  return kind.has_value() ? kind->what : "";
}

TEST(FileKind, BytesThatAreNoTable) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\x1f\x8b\x08\0\0"s, "a gzip file"},
      {"BZh91AY&SY\x01\x02"s, "a bzip2 file"},
      {"\x28\xb5\x2f\xfd\x04"s, "a Zstandard file"},
      {"PK\x03\x04\x14\0\0\0xl/workbook.xml"s, "an Excel workbook"},
      {"PK\x03\x04\x14\0\0\0data.csv"s, "a ZIP archive"},
      {"ORC\x01\x02\x03"s, "an ORC file"},
      {"Obj\x01\x04\x14"s, "an Avro file"},
      {"ARROW1\0\0\x10"s, "an Arrow (Feather) file"},
      {"\xff\xff\xff\xff\x10\0"s, "an Arrow stream"},
      {"\x89HDF\r\n\x1a\n\0"s, "an HDF5 file"},
      {"\x93NUMPY\x01\0"s, "a NumPy array"},
      {"\x80\x04\x95"s, "a Python pickle"},
      {"SQLite format 3\0\x10"s, "an SQLite database"},
      {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0"s, "an old Excel or Word file"},
      {"%PDF-1.7\n"s, "a PDF document"},
      {std::string(257, 'n') + "ustar\0"s, "a tar archive"},
  };
  for (const auto& [head, what] : cases) EXPECT_EQ(WhatIs(head), what) << what;
}

TEST(FileKind, TextsThatAreNoTable) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 12345\n",
       "a Git LFS pointer in place of the data"},
      {"<!DOCTYPE html>\n<html>\n", "an HTML or XML page"},
      {"\xEF\xBB\xBF\n  <html><body>a,b</body></html>\n", "an HTML or XML page"},
      {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "an HTML or XML page"},
      {"{\"a\": 1}\n{\"a\": 2}\n", "JSON"},
      {"[\n  {\"a\": 1, \"b\": 2}\n]\n", "JSON"},
      {"[[1, 2], [3, 4]]", "JSON"},
      {"{\"message\": \"not found\", \"status\": 404}", "JSON"},
      {"Traceback (most recent call last):\n  File x\nKeyError: 5\n",
       "a stack trace of a program that failed"},
      {"java.lang.RuntimeException: no\n\tat org.example.Job.run(Job.java:7)\n",
       "a stack trace of a program that failed"},
      {"HTTP/1.1 404 Not Found\nServer: x\n", "the answer of a web server"},
      {"/annex/objects/SHA256E-s5--ab.csv\n", "a git-annex pointer in place of the data"},
      {"2026-01-31 12:00:00 INFO job: started\n2026-01-31 12:00:01 INFO x\n",
       "a log, or a table without a header"},
      {"Error: no such file\nUsage: get NAME\n", "lines of names and values"},
      {"name: x\nage: 3\n", "lines of names and values"},
      {"[core]\nbare = false\n", "a file of settings"},
      {"-----BEGIN CERTIFICATE-----\nMIIB\n", "a key or certificate"},
      {"#!/bin/sh\necho a,b\n", "a script"},
      {"INSERT INTO t VALUES (1, 2);\n", "an SQL dump"},
      {"@relation iris\n@attribute a numeric\n", "an ARFF file"},
      {"1 1:0.5 7:2\n0 2:1\n", "a LIBSVM file"},
      {"a;b;c\n1;2;3\n", "a table separated by semicolons"},
      {"a\tb\n1\t2\n", "a table separated by tabs"},
      {"| a | b |\n| - | - |\n", "a table separated by bars"},
  };
  for (const auto& [head, what] : cases) EXPECT_EQ(WhatIs(head), what) << head;
  EXPECT_EQ(WhatIs("404: Not Found", true), "a single line of text");
  EXPECT_EQ(WhatIs("Access Denied\n", true), "a single line of text");
}

TEST(FileKind, TablesPass) {
  const std::vector<std::string> tables = {"a,b\n1,2\n",
                                           "x\n1\n",
                                           "name\nAnn Lee\nBob: the other\n",
                                           "\"first name\"\nAnn\n",
                                           "first name\nAnn\n",
                                           "note; or what I say\nyes\nno; not at all; never\n",
                                           "x",
                                           "x\n",
                                           "a,b",
                                           "",
                                           "ORC,b\n1,2\n",
                                           "BZh\n1\n",
                                           "version\n1\n",
                                           "{id}\n1\n",
                                           "[id]\n1\n",
                                           "note\ntodo: x\ndone: y\n",
                                           "key: of,b\nx: 1,2\n",
                                           "2026-01-31,b\n1,2\n",
                                           "2026-01-31 12:00:00\n1\n",
                                           "<5\n1\n",
                                           "< 5,b\n1,2\n",
                                           "time\n12:30\n",
                                           "a:b,c\n1,2\n",
                                           "1 2\n3 4\n",
                                           "url\nhttps://x.org/?a=1;b=2\n",
                                           "\"a;b\"\n\"c;d\"\n",
                                           "at\n(1)\n",
                                           "-5,3\n1,2\n",
                                           "FEATURES\n1\n",
                                           "Rar!\n1\n",
                                           "path\n\tat home\n",
                                           "#id,b\n1,2\n",
                                           "insert,into\n1,2\n",
                                           "create table,x\n1,2\n"};
  for (const std::string& table : tables) EXPECT_EQ(WhatIs(table, true), "") << table;
}

TEST(FileKind, TheErrorSaysWhatToDo) {
  EXPECT_EQ(NotATable("/d/t.csv.gz", *KindOfBytes("\x1f\x8b\x08")),
            "/d/t.csv.gz is a gzip file, not a table that put reads: unpack it and put the table "
            "inside");
}

}  // namespace
}  // namespace soteria::client
