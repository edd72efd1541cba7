#include "processes/launched_process.h"

#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "launch_environment.h"

namespace fastintent {
namespace {

using Variables = std::map<std::string, std::string>;

constexpr const char* kSecret = "0123456789abcdef";

LaunchedProcess launched_in(const Variables& variables) {
  set_launch_environment(variables);
  return launched_process();
}

void expect_refused(const std::string& part, const Variables& variables) {
  expect_error(ErrorCode::invalid_argument, part, [&] { launched_in(variables); });
}

void expect_alone(const Variables& variables) {
  const LaunchedProcess process = launched_in(variables);
  EXPECT_EQ(process.rank, 0);
  EXPECT_EQ(process.size, 1);
  EXPECT_EQ(process.local_rank, 0);
  EXPECT_EQ(process.address, "");
  EXPECT_EQ(process.port, 0);
}

TEST(LaunchedProcess, IsAloneUnlessTold) {
  expect_alone({});
  expect_alone({{"MASTER_ADDR", "10.0.0.1"}, {"MASTER_PORT", "1234"}, {"LOCAL_RANK", "3"}});
  expect_alone({{"RANK", ""}, {"WORLD_SIZE", ""}, {"PMI_SIZE", ""}});
  expect_alone({{"WORLD_SIZE", "1"}});
  expect_alone({{"RANK", "0"}, {"WORLD_SIZE", "1"}, {"LOCAL_RANK", "0"}, {"MASTER_PORT", "x"}});
}

TEST(LaunchedProcess, ReadsTorchrun) {
  const LaunchedProcess process = launched_in({{"RANK", "5"},
                                               {"WORLD_SIZE", "8"},
                                               {"LOCAL_RANK", "1"},
                                               {"LOCAL_WORLD_SIZE", "4"},
                                               {"MASTER_ADDR", "node-0"},
                                               {"MASTER_PORT", "1234"},
                                               {"FASTINTENT_LAUNCH_SECRET", kSecret}});
  EXPECT_EQ(process.rank, 5);
  EXPECT_EQ(process.size, 8);
  EXPECT_EQ(process.local_rank, 1);
  EXPECT_EQ(process.address, "node-0");
  EXPECT_EQ(process.port, 1235) << "torchrun listens at MASTER_PORT itself";
  EXPECT_EQ(process.secret, kSecret);
}

// What Ray Train and Spark's TorchDistributor set besides, and what Slurm sets where a job's script
// translates its names (docs/training.md).
TEST(LaunchedProcess, ReadsTheVariablesOfTorchrunFromOtherLaunchers) {
  const Variables common = {{"RANK", "5"},
                            {"WORLD_SIZE", "8"},
                            {"LOCAL_RANK", "1"},
                            {"LOCAL_WORLD_SIZE", "4"},
                            {"MASTER_ADDR", "node-0"},
                            {"FASTINTENT_LAUNCH_SECRET", kSecret}};
  const Variables ray = {{"NODE_RANK", "1"}, {"MASTER_PORT", "41235"}};
  const Variables spark = {{"GROUP_RANK", "1"}, {"ROLE_RANK", "5"}, {"MASTER_PORT", "29400"}};
  const Variables slurm = {{"SLURM_PROCID", "5"},
                           {"SLURM_NTASKS", "8"},
                           {"SLURM_LOCALID", "1"},
                           {"PMI_RANK", "5"},
                           {"PMI_SIZE", "8"}};  // of srun --mpi=pmi2
  for (const auto& [special, port] :
       {std::pair{ray, 41236}, std::pair{spark, 29401}, std::pair{slurm, 29501}}) {
    Variables all = common;
    all.insert(special.begin(), special.end());
    const LaunchedProcess process = launched_in(all);
    EXPECT_EQ(process.rank, 5);
    EXPECT_EQ(process.size, 8);
    EXPECT_EQ(process.local_rank, 1);
    EXPECT_EQ(process.address, "node-0");
    EXPECT_EQ(process.port, port);
  }
}

TEST(LaunchedProcess, IsAloneInAJobOfSlurmWithoutATranslation) {
  expect_alone({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_LOCALID", "0"}});
}

TEST(LaunchedProcess, ReadsMpirun) {
  for (const Variables& variables :
       {Variables{{"OMPI_COMM_WORLD_RANK", "1"},
                  {"OMPI_COMM_WORLD_SIZE", "2"},
                  {"OMPI_COMM_WORLD_LOCAL_RANK", "1"}},
        Variables{
            {"PMI_RANK", "1"}, {"PMI_SIZE", "2"}, {"MPI_LOCALRANKID", "1"}, {"WORLD_SIZE", ""}}}) {
    const LaunchedProcess process = launched_in(variables);
    EXPECT_EQ(process.rank, 1);
    EXPECT_EQ(process.size, 2);
    EXPECT_EQ(process.local_rank, 1);
    EXPECT_EQ(process.address, "127.0.0.1");
    EXPECT_EQ(process.port, 29501);
  }
}

TEST(LaunchedProcess, NeedsAnAddressOnSeveralMachines) {
  Variables second = {{"PMI_RANK", "2"}, {"PMI_SIZE", "4"}, {"MPI_LOCALRANKID", "0"}};
  expect_refused("MASTER_ADDR: expected the address of process 0", second);
  second["MASTER_ADDR"] = "10.0.0.1";
  second["FASTINTENT_LAUNCH_SECRET"] = kSecret;
  EXPECT_EQ(launched_in(second).address, "10.0.0.1");
}

TEST(LaunchedProcess, MeetsOnItsMachineWhereAllAreOnOne) {
  for (const Variables& variables :
       {Variables{
            {"RANK", "1"}, {"WORLD_SIZE", "2"}, {"LOCAL_RANK", "1"}, {"LOCAL_WORLD_SIZE", "2"}},
        Variables{{"OMPI_COMM_WORLD_RANK", "1"},
                  {"OMPI_COMM_WORLD_SIZE", "2"},
                  {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                  {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}},
        Variables{{"PMI_RANK", "1"},
                  {"PMI_SIZE", "2"},
                  {"MPI_LOCALRANKID", "1"},
                  {"MPI_LOCALNRANKS", "2"}}}) {
    Variables named = variables;
    named["MASTER_ADDR"] = "the-name-of-this-machine";
    EXPECT_EQ(launched_in(named).address, "127.0.0.1");
    EXPECT_EQ(launched_in(named).secret, "") << "needed by none";
  }
}

TEST(LaunchedProcess, NeedsASecretOnSeveralMachines) {
  Variables second = {{"RANK", "1"},
                      {"WORLD_SIZE", "2"},
                      {"LOCAL_RANK", "0"},
                      {"LOCAL_WORLD_SIZE", "1"},
                      {"MASTER_ADDR", "10.0.0.1"}};
  expect_refused("FASTINTENT_LAUNCH_SECRET: expected a secret of 16 characters or more", second);
  second["FASTINTENT_LAUNCH_SECRET"] = "too short";
  expect_refused("found 9", second);
  second["FASTINTENT_LAUNCH_SECRET"] = kSecret;
  EXPECT_EQ(launched_in(second).secret, kSecret);
  second["MASTER_ADDR"] = "127.0.0.1";
  second["FASTINTENT_LAUNCH_SECRET"] = "too short";
  expect_refused("found 9", second);
}

TEST(LaunchedProcess, RefusesMissingAndImpossibleNumbers) {
  const Variables good = {{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"LOCAL_RANK", "1"}};
  EXPECT_EQ(launched_in(good).rank, 1);
  const auto with = [&](const char* name, const char* value) {
    Variables changed = good;
    changed[name] = value;
    return changed;
  };
  expect_refused("RANK: expected a whole number from 0 to 1, found none", with("RANK", ""));
  expect_refused("RANK: expected a whole number from 0 to 1, found 2", with("RANK", "2"));
  expect_refused("RANK: expected a whole number from 0 to 1, found -1", with("RANK", "-1"));
  expect_refused("LOCAL_RANK: expected a whole number", with("LOCAL_RANK", ""));
  expect_refused("LOCAL_RANK: expected a whole number", with("LOCAL_RANK", "1 "));
  expect_refused("WORLD_SIZE: expected a whole number from 1 to", with("WORLD_SIZE", ""));
  expect_refused("WORLD_SIZE: expected a whole number from 1 to", with("WORLD_SIZE", "0"));
  expect_refused("WORLD_SIZE: expected a whole number from 1 to", with("WORLD_SIZE", "2x"));
  expect_refused("MASTER_PORT: expected a whole number", with("MASTER_PORT", "65535"));
}

}  // namespace
}  // namespace fastintent
