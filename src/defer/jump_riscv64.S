/* See jump.h. What stands in a context: s0 to s11, ra, sp, fs0 to fs11. */
	.text

	.macro	context_registers do, dofloat
	\do	s0, 0(a0)
	\do	s1, 8(a0)
	\do	s2, 16(a0)
	\do	s3, 24(a0)
	\do	s4, 32(a0)
	\do	s5, 40(a0)
	\do	s6, 48(a0)
	\do	s7, 56(a0)
	\do	s8, 64(a0)
	\do	s9, 72(a0)
	\do	s10, 80(a0)
	\do	s11, 88(a0)
	\do	ra, 96(a0)
	\do	sp, 104(a0)
	\dofloat fs0, 112(a0)
	\dofloat fs1, 120(a0)
	\dofloat fs2, 128(a0)
	\dofloat fs3, 136(a0)
	\dofloat fs4, 144(a0)
	\dofloat fs5, 152(a0)
	\dofloat fs6, 160(a0)
	\dofloat fs7, 168(a0)
	\dofloat fs8, 176(a0)
	\dofloat fs9, 184(a0)
	\dofloat fs10, 192(a0)
	\dofloat fs11, 200(a0)
	.endm

	.globl	lgi_save
#ifdef LGI_HIDDEN
	.hidden	lgi_save
#endif
	.type	lgi_save, %function
	.p2align 2
lgi_save:
	.cfi_startproc
	context_registers sd, fsd
	li	a0, 0
	ret
	.cfi_endproc
	.size	lgi_save, .-lgi_save

	.globl	lgi_jump
	.hidden	lgi_jump
	.type	lgi_jump, %function
	.p2align 2
lgi_jump:
	.cfi_startproc
	context_registers ld, fld
	li	a0, 1
	ret
	.cfi_endproc
	.size	lgi_jump, .-lgi_jump

	.globl	lgi_jump_gcc
	.hidden	lgi_jump_gcc
	.type	lgi_jump_gcc, %function
	.p2align 2
lgi_jump_gcc:
	.cfi_startproc
	ld	s0, 0(a0)
	ld	t1, 8(a0)
	ld	sp, 16(a0)
	jr	t1
	.cfi_endproc
	.size	lgi_jump_gcc, .-lgi_jump_gcc

	.section .note.GNU-stack, "", %progbits
