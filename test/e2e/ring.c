/* ring ROUNDS [FILE]: all ranks add up their numbers, ROUNDS times or until FILE is there on rank 0's node. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int rank, size, sum = 0, rounds = 0, go = 1, length;
    long wanted = atol(argv[1]);
    char name[MPI_MAX_PROCESSOR_NAME] = "", all[64][MPI_MAX_PROCESSOR_NAME];

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Get_processor_name(name, &length);
    MPI_Gather(name, sizeof name, MPI_CHAR, all, sizeof name, MPI_CHAR, 0, MPI_COMM_WORLD);
    while (go) {
        MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
        rounds++;
        if (rank == 0)
            go = argc > 2 ? access(argv[2], F_OK) != 0 : rounds < wanted;
        MPI_Bcast(&go, 1, MPI_INT, 0, MPI_COMM_WORLD);
        if (go)
            usleep(50000);
    }
    /* A rank that leaves while others still shake hands with it would make them wait for ever. */
    MPI_Barrier(MPI_COMM_WORLD);
    usleep(200000);
    if (rank == 0) {
        printf("%d nodes:", size);
        for (int i = 0; i < size; i++)
            printf(" %s", all[i]);
        printf("; sum %d; rounds %d\n", sum, rounds);
    }
    MPI_Finalize();
    return 0;
}
